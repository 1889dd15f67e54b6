// What a stored answer keeps of the container's: the length that a 304, or an answer to HEAD, tells of content which it leaves out, and when
// it was made. Its own content is framed by its own length.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let head: string;
let container: Server;
let sidecar: TestSidecar;

beforeAll(async () => {
  container = createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => socket.write(`${head}\r\n\r\n`));
  }).listen(0, '127.0.0.1');
  await once(container, 'listening');
  const upstream = `http://127.0.0.1:${(container.address() as AddressInfo).port}`;
  sidecar = await startSidecar({ settings: { upstream, healthPath: '' } });
});
afterAll(async () => {
  await sidecar.close();
  container.close();
});

async function exchange(...lines: readonly string[]): Promise<string> {
  const connection = await RawConnection.open(sidecar.port);
  connection.send(...lines, 'Host: a', 'Connection: close', '', '');
  return connection.untilClosed();
}

/** The head that /result has for it once it is done. */
async function stored(method: string, said: readonly string[], lookUp = 'GET'): Promise<string> {
  head = said.join('\r\n');
  const id = `X-Inference-Id: ${method}-${said.join('').length}-${lookUp}`;
  await exchange(`${method} /x HTTP/1.1`, id, 'Prefer: respond-async', 'If-None-Match: "a"');
  return eventually(async () => {
    const answer = await exchange(`${lookUp} /result/demo HTTP/1.1`, id);
    if (/^HTTP\/1.1 202 /.test(answer)) throw new Error('not done yet');
    return answer;
  });
}

const notModified = ['HTTP/1.1 304 Not Modified', 'ETag: "a"'];

test('a 304 keeps the length it tells of', async () => {
  expect(await stored('GET', [...notModified, 'Content-Length: 1234'])).toMatch(
    /^HTTP\/1.1 304 (?=.*\r\nETag: "a"\r\n).*\r\nContent-Length: 1234\r\n.*\r\n\r\n$/s,
  );
});

test('a 304 that tells of none gets none', async () => {
  expect(await stored('GET', notModified)).toMatch(/^HTTP\/1.1 304 (?:(?!Content-Length).)*\r\n\r\n$/s);
});

test('a 204 has none, whatever the container said', async () => {
  expect(await stored('GET', ['HTTP/1.1 204 No Content', 'Content-Length: 7'])).toMatch(
    /^HTTP\/1.1 204 (?:(?!Content-Length).)*\r\n\r\n$/s,
  );
});

const ofHead = ['HTTP/1.1 200 OK', 'Content-Length: 1234'];

test('the answer to HEAD keeps the length it tells of, where HEAD asks for it', async () => {
  expect(await stored('HEAD', ofHead, 'HEAD')).toMatch(/^HTTP\/1.1 200 .*\r\nContent-Length: 1234\r\n.*\r\n\r\n$/s);
});

test('where GET asks for it there is nothing to come, and the length says so', async () => {
  expect(await stored('HEAD', ofHead)).toMatch(/^HTTP\/1.1 200 .*\r\nContent-Length: 0\r\n.*\r\n\r\n$/s);
});

test('its date is that of the container, or when it came', async () => {
  const date = 'Date: Sun, 06 Nov 1994 08:49:37 GMT';
  expect(await stored('GET', ['HTTP/1.1 200 OK', 'Content-Length: 0', date])).toContain(`\r\n${date}\r\n`);
  const answer = await stored('GET', ['HTTP/1.1 200 OK', 'Content-Length: 0']);
  expect(answer.match(/\r\nDate: /g)).toHaveLength(1);
});
