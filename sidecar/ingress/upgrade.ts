// Upgrades: only WebSocket is taken up; any other (h2c) is ignored, as RFC 9110 allows, and served as plain HTTP/1.1.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { newResponse } from '../../runtime/http.ts';

export function isWebSocket(request: IncomingMessage): boolean {
  return request.method === 'GET' && /(^|,)\s*websocket\s*(,|$)/i.test(request.headers.upgrade ?? '');
}

/** Node gives a bare socket with an upgrade; this is the response to refuse it with, the same as for any request. */
export function responseOn(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = newResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => socket.end());
  // A client that resets is gone; there is nobody to tell.
  socket.on('error', () => socket.destroy());
  return response;
}
