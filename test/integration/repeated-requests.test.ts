// A container that closes its connection under a request: it is asked once more where that does no harm and nothing came back, else
// the client is told.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
let container: Server;
let sidecar: TestSidecar;
let asked = 0;
/** What the first request is told before the connection closes; all others get a whole answer. */
let firstWords = '';

beforeAll(async () => {
  container = createServer((socket: Socket) => {
    socket
      .on('error', () => undefined)
      .on('data', () => {
        asked++;
        if (asked === 1) socket.end(firstWords, 'latin1');
        else socket.write(whole);
      });
  }).listen(0, '127.0.0.1');
  await once(container, 'listening');
  const upstream = `http://127.0.0.1:${(container.address() as AddressInfo).port}`;
  sidecar = await startSidecar({ settings: { upstream, healthPath: '' } });
});
afterAll(async () => {
  await sidecar.close();
  container.close();
});
beforeEach(() => {
  asked = 0;
});

test.each([
  ['GET, no byte came back: asked again', 'GET', '', 200, 2],
  ['POST, no byte came back: it may have been at work', 'POST', '', 502, 1],
  ['GET, part of a head came back', 'GET', 'HTTP/1.1 20', 502, 1],
  ['GET, an interim response came back', 'GET', 'HTTP/1.1 100 Continue\r\n\r\n', 502, 1],
] as const)('%s', async (_, method, words, status, times) => {
  firstWords = words;
  expect((await fetch(`${sidecar.url}/any`, { method })).status).toBe(status);
  expect(asked).toBe(times);
});
