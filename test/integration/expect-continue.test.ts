// Expect: 100-continue is granted on admission, not before: a waiting client keeps its body.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeEach(async () => {
  sidecar = await startSidecar({ settings: { maxQueue: 1, maxBodyBytes: 100 } });
});
afterEach(() => sidecar.close());

const head = (path: string, ...lines: readonly string[]) => [
  `POST ${path} HTTP/1.1`,
  'Host: a',
  'Expect: 100-continue',
  ...lines,
  '',
  '',
];

test('granted when the turn comes', async () => {
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const connection = await RawConnection.open(sidecar.port);
  connection.send(...head('/echo', 'Content-Length: 5'));
  await sidecar.until(({ waiting }) => waiting === 1);
  expect(connection.text).toBe('');
  sidecar.model.release('door');
  await inside;
  expect(await connection.until('100 Continue')).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
  connection.write('hello');
  expect(await connection.until('"body":"hello"')).toContain('HTTP/1.1 200 OK');
  connection.close();
});

test('not granted to who is refused: the answer comes instead, and the connection ends', async () => {
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const waiting = fetch(`${sidecar.url}/echo`);
  await sidecar.until((stats) => stats.waiting === 1);
  const connection = await RawConnection.open(sidecar.port);
  connection.send(...head('/echo', 'Content-Length: 5'));
  const answer = await connection.untilClosed();
  expect(answer).toMatch(/^HTTP\/1.1 429 Too Many Requests/);
  expect(answer).not.toContain('100 Continue');
  sidecar.model.release('door');
  await Promise.all([inside, waiting]);
});

test('an async body over the limit is refused before it is sent', async () => {
  const connection = await RawConnection.open(sidecar.port);
  connection.send(...head('/echo', 'Prefer: respond-async', 'Content-Length: 101'));
  const answer = await connection.untilClosed();
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(answer).toContain('X-Max-Body-Bytes: 100');
});

test('an async body within it is asked for', async () => {
  const connection = await RawConnection.open(sidecar.port);
  connection.send(...head('/echo', 'Prefer: respond-async', 'Content-Length: 5'));
  await connection.until('100 Continue');
  connection.write('hello');
  expect(await connection.until('StatusPath')).toContain('202 Accepted');
  connection.close();
});

test('any other expectation: 417', async () => {
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /echo HTTP/1.1', 'Host: a', 'Expect: a-miracle', 'Content-Length: 0', '', '');
  expect(await connection.until('expectation_failed')).toMatch(/^HTTP\/1.1 417 /);
  connection.close();
});
