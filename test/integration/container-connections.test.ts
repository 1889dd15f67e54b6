// Which connections to the container take a second request: those that both sides can still read in one way, and no others.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { Container } from '../../sidecar/upstream/container.ts';
import { eventually } from '../support/eventually.ts';

let server: Server;
let container: Container;
let answer = '';
let sockets: Socket[] = [];

beforeEach(async () => {
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).on('data', () => socket.write(Buffer.from(answer, 'latin1')));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  container = new Container({
    origin: `http://127.0.0.1:${port}`,
    idleTimeoutMs: 60_000,
    clock: systemClock,
    failed: () => undefined,
  });
});
afterEach(() => {
  container.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** One request; resolves with its status code. */
function ask(method = 'POST', body: Uint8Array | null = null): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0;
    container.send(
      { method, target: '/', headers: ['Host', 'a'], body },
      {
        onResponseStart: (head) => {
          status = head.status;
        },
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(status),
        failed: () => undefined,
        onResponseError: reject,
      },
    );
  });
}

const head = (...lines: readonly string[]) => [...lines, '', ''].join('\r\n');
const plain = head('HTTP/1.1 200 OK', 'Content-Length: 0');

test.each([
  ['a response of known length', plain],
  ['a chunked one', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}1\r\nx\r\n0\r\n\r\n`],
  ['one without content', head('HTTP/1.1 204 No Content')],
  ['HTTP/1.0 that says so', head('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Content-Length: 0')],
  ['an interim response before it', head('HTTP/1.1 103 Early Hints') + plain],
  ['a 100 that nobody asked for', head('HTTP/1.1 100 Continue') + plain],
])('%s: the next request is on the same connection', async (_, bytes) => {
  answer = bytes;
  for (let i = 0; i < 3; i++) await ask();
  expect(sockets).toHaveLength(1);
});

test.each([
  ['Connection: close', head('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 0')],
  ['HTTP/1.0', head('HTTP/1.0 200 OK', 'Content-Length: 0')],
  ['more than the response', `${plain}HTTP/1.1 200 OK\r\n`],
  ['content where there may be none', head('HTTP/1.1 204 No Content', 'Content-Length: 5')],
  ['a keep-alive of one second', head('HTTP/1.1 200 OK', 'Keep-Alive: timeout=1', 'Content-Length: 0')],
])('%s: the connection is closed, the next request makes another', async (_, bytes) => {
  answer = bytes;
  expect([await ask(), await ask()]).not.toContain(0);
  expect(sockets).toHaveLength(2);
});

test.each([
  ['HEAD', null],
  ['GET', Buffer.from('unexpected')],
])('%s with %s is the last request on its connection', async (method, body) => {
  answer = plain;
  await ask(method, body);
  await ask();
  expect(sockets).toHaveLength(2);
});

test('a connection that says something while it rests is closed', async () => {
  answer = plain;
  await ask();
  sockets[0]!.write('HTTP/1.1 408 Request Timeout\r\n\r\n');
  await eventually(() => expect(sockets[0]!.destroyed).toBe(true));
  expect(await ask()).toBe(200);
});

test('an abort closes the connection and tells nobody', async () => {
  answer = head('HTTP/1.1 200 OK', 'Content-Length: 5');
  const told: string[] = [];
  const started = Promise.withResolvers<void>();
  const trip = container.send(
    { method: 'GET', target: '/', headers: [], body: null },
    {
      onResponseStart: () => started.resolve(),
      onResponseData: () => told.push('data'),
      onResponseEnd: () => told.push('end'),
      failed: () => undefined,
      onResponseError: () => told.push('error'),
    },
  );
  await started.promise;
  trip.abort();
  await eventually(() => expect(sockets[0]!.destroyed).toBe(true));
  expect(told).toEqual([]);
});

test('what would end a line early does not get into a request', () => {
  for (const headers of [
    ['X-A', 'b\r\nX-C: d'],
    ['X A', 'b'],
    ['Host', 'a', 'host', 'b'],
  ]) {
    expect(() => container.send({ method: 'GET', target: '/', headers, body: null }, {} as never)).toThrow();
  }
  expect(() => container.send({ method: 'GET', target: '/ HTTP/1.1', headers: [], body: null }, {} as never)).toThrow();
});
