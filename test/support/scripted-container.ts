// A container that says what the test tells it to, byte for byte, and keeps what it is sent: one connection at a time is looked at.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { eventually } from './eventually.ts';

export interface ScriptedContainer {
  readonly upstream: string;
  /** Of the last connection. */
  readonly received: Buffer;
  readonly socket: Socket;
  /** The head that came on the last connection, once it is whole. */
  head(): Promise<string>;
  close(): void;
}

/** `answer` is called when the first bytes of a connection have come. */
export async function startScriptedContainer(answer: (socket: Socket) => void): Promise<ScriptedContainer> {
  let received = Buffer.alloc(0);
  let last: Socket | undefined;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    received = Buffer.alloc(0);
    last = socket;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.once('data', () => answer(socket));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get received() {
      return received;
    },
    get socket() {
      if (last === undefined) throw new Error('nobody has connected');
      return last;
    },
    head: () =>
      eventually(() => {
        const end = received.indexOf('\r\n\r\n');
        if (end < 0) throw new Error('no whole head yet');
        return received.toString('latin1', 0, end + 4);
      }),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
