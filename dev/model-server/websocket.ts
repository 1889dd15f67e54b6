// /ws: sends every message back. ?close-after=N closes politely (code 4000) after N messages, ?cut-after=N cuts the socket.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Counters } from './counters.ts';

export function serveWebSockets(server: Server, counters: Counters): void {
  const sockets = new WebSocketServer({ noServer: true, clientTracking: false });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Whoever resets a connection that is to become a WebSocket must not end the server.
    socket.on('error', () => socket.destroy());
    const url = new URL(request.url ?? '/', 'http://model');
    if (url.pathname !== '/ws') {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const header = (name: string) => (typeof request.headers[name] === 'string' ? request.headers[name] : null);
    const call = counters.begin({
      id: header('x-inference-id'),
      method: 'GET',
      path: url.pathname,
      prefer: header('prefer'),
    });
    // Also where the handshake is refused, or its client leaves in the middle of it.
    socket.on('close', () => counters.end(call, 'failed', null));
    sockets.handleUpgrade(request, socket, head, (connection) => {
      let seen = 0;
      connection.on('message', (data, isBinary) => {
        seen += 1;
        counters.token(call);
        connection.send(data, { binary: isBinary });
        if (seen === Number(url.searchParams.get('close-after') ?? 0)) connection.close(4000, 'as asked');
        if (seen === Number(url.searchParams.get('cut-after') ?? 0)) connection.terminate();
      });
      connection.on('error', () => connection.terminate());
      connection.on('close', (code) => counters.end(call, code === 1006 ? 'aborted' : 'finished', 101));
    });
  });
}
