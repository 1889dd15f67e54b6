// Requests that two parsers could read in two ways, that are too much, or that are no HTTP: refused with a problem,
// the connection ended, and never a byte of them for the container.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(async () => {
  expect(sidecar.model.stats().calls.filter(({ path }) => path.includes('smuggled'))).toEqual([]);
  await sidecar.close();
});

const smuggled = 'GET /echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const post = (...lines: readonly string[]) => ['POST /echo/smuggled HTTP/1.1', ...lines].join('\r\n');

test.each<[string, string, number]>([
  [
    'Content-Length and Transfer-Encoding',
    post('Host: a', 'Content-Length: 4', 'Transfer-Encoding: chunked', '', '0\r\n\r\n'),
    400,
  ],
  [
    'Transfer-Encoding and Content-Length',
    post('Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 4', '', '0\r\n\r\n'),
    400,
  ],
  ['two different lengths', post('Host: a', 'Content-Length: 4', 'Content-Length: 5', '', 'abcde'), 400],
  ['two equal lengths', post('Host: a', 'Content-Length: 4', 'Content-Length: 4', '', 'abcd'), 400],
  ['a list of lengths', post('Host: a', 'Content-Length: 4, 4', '', 'abcd'), 400],
  ['a signed length', post('Host: a', 'Content-Length: +4', '', 'abcd'), 400],
  ['a negative length', post('Host: a', 'Content-Length: -4', '', 'abcd'), 400],
  ['a hexadecimal length', post('Host: a', 'Content-Length: 0x4', '', 'abcd'), 400],
  ['a length beyond all numbers', post('Host: a', 'Content-Length: 99999999999999999999999', '', 'abcd'), 400],
  ['an empty length', post('Host: a', 'Content-Length: ', '', 'abcd'), 400],
  ['a folded header line', post('Host: a', 'X-Folded: a', ' Content-Length: 4', '', smuggled), 400],
  ['a folded first line', post(' X: a', 'Host: a', '', ''), 400],
  ['a space before the colon', post('Host: a', 'Content-Length : 4', '', 'abcd'), 400],
  ['a name with a space', post('Host: a', 'X Y: 1', '', ''), 400],
  ['a header without a colon', post('Host: a', 'nonsense', '', ''), 400],
  ['a name with a control character', post('Host: a', 'X\x01: 1', '', ''), 400],
  ['a NUL in a value', post('Host: a', 'X: a\x00b', '', ''), 400],
  ['a bare CR in a value', post('Host: a', 'X: a\rContent-Length: 4', '', 'abcd'), 400],
  ['bare LF line ends', `POST /echo/smuggled HTTP/1.1\nHost: a\nContent-Length: 4\n\nabcd`, 400],
  ['one bare LF', 'POST /echo/smuggled HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n', 400],
  ['a bad chunk size', post('Host: a', 'Transfer-Encoding: chunked', '', 'zz\r\nabc\r\n0\r\n\r\n'), 400],
  ['a chunk size with a sign', post('Host: a', 'Transfer-Encoding: chunked', '', '-3\r\nabc\r\n0\r\n\r\n'), 400],
  [
    'a chunk size beyond all numbers',
    post('Host: a', 'Transfer-Encoding: chunked', '', 'fffffffffffffffff\r\nabc\r\n0\r\n\r\n'),
    400,
  ],
  ['a chunk longer than its size', post('Host: a', 'Transfer-Encoding: chunked', '', '3\r\nabcdef\r\n0\r\n\r\n'), 400],
  ['bare LF in chunks', post('Host: a', 'Transfer-Encoding: chunked', '', '3\nabc\n0\n\n'), 400],
  ['a coding that is not chunked', post('Host: a', 'Transfer-Encoding: gzip, chunked', '', '0\r\n\r\n'), 501],
  ['chunked twice', post('Host: a', 'Transfer-Encoding: chunked, chunked', '', '0\r\n\r\n'), 400],
  ['two codings', post('Host: a', 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity', '', '0\r\n\r\n'), 400],
  ['identity', post('Host: a', 'Transfer-Encoding: identity', '', ''), 400],
  ['a disguised coding', post('Host: a', 'Transfer-Encoding: \x0bchunked', '', '0\r\n\r\n'), 400],
  [
    'a coding in HTTP/1.0',
    'POST /echo/smuggled HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a host with a path', post('Host: a/b', 'Content-Length: 0', '', ''), 400],
  ['a host with a user', post('Host: a@b', 'Content-Length: 0', '', ''), 400],
  ['a host with a space', post('Host: a b', 'Content-Length: 0', '', ''), 400],
  ['two hosts', post('Host: a', 'Host: b', 'Content-Length: 0', '', ''), 400],
  ['no host', post('Content-Length: 0', '', ''), 400],
  ['an asterisk, but not for OPTIONS', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a fragment', 'GET /echo/smuggled#x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an address with a user', 'GET http://u:p@a/echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an address with a fragment', 'GET http://a/echo/smuggled#x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an address without a host', 'GET http:///echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an address without Host', 'GET http://a/echo/smuggled HTTP/1.1\r\n\r\n', 400],
  ['a host with a bad port', post('Host: a:b', 'Content-Length: 0', '', ''), 400],
  ['an empty name', post('Host: a', ': x', 'Content-Length: 0', '', ''), 400],
  ['CONNECT', 'CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n', 405],
  ['a target that is neither path nor address', 'GET echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a space in the target', 'GET /echo/smuggled x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a control character in the target', 'GET /echo/\x01smuggled HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['no HTTP version', 'GET /echo/smuggled\r\nHost: a\r\n\r\n', 400],
  ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['HTTP/9.9', 'GET /echo/smuggled HTTP/9.9\r\nHost: a\r\n\r\n', 400],
  ['an unknown method', 'FROB /echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['another expectation', post('Host: a', 'Expect: nothing', 'Content-Length: 0', '', ''), 417],
  ['too long headers', post('Host: a', `X: ${'x'.repeat(40_000)}`, '', ''), 431],
  ['a too long target', `GET /echo/smuggled?${'x'.repeat(40_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
  ['too many headers', post('Host: a', ...Array.from({ length: 201 }, (_, i) => `X${i}: 1`), '', ''), 431],
])('%s', async (_, bytes, status) => {
  const connection = await RawConnection.open(sidecar.port);
  // Whatever follows on this connection, in the same packet or later, is not taken for a request of somebody else.
  connection.write(bytes + smuggled);
  const answer = await connection.until(/"code":"\w+"/);
  expect(Number(/^HTTP\/1.1 (\d+) /.exec(answer)?.[1])).toBe(status);
  expect(answer).toContain('application/problem+json');
  expect(answer).toMatch(/X-Inference-Id: [0-9a-f-]{36}\r\n/);
  if (!connection.isClosed) connection.write(smuggled);
  expect(await connection.untilClosed()).toBe(answer);
});

test('a bad chunk after a good beginning ends the request inside the container too', async () => {
  const connection = await RawConnection.open(sidecar.port);
  connection.write(
    `POST /hang HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'4000\r\n'}${'x'.repeat(0x4000)}\r\n`,
  );
  await sidecar.until(({ inFlight }) => inFlight === 1);
  connection.write('zz\r\n');
  await connection.untilClosed();
  await sidecar.until(({ inFlight }) => inFlight === 0);
});
