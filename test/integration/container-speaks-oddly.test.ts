// A container that answers in HTTP of its own: what can be read in one way only passes, all else is a row of the error table or an
// abnormal end, never a crash, never another request's answer.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

/** What the container says to everything but /fine. */
interface Words {
  readonly bytes: string;
  /** Once the client has seen those. */
  readonly later?: string;
  /** It closes its connection afterwards. */
  readonly isLast: boolean;
}

let words: Words;
let more: () => void;
let container: Server;
let sidecar: TestSidecar;

beforeAll(async () => {
  container = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (request) => {
      if (request.toString('latin1').includes(' /fine '))
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine');
      else {
        socket.write(words.bytes, 'latin1');
        if (words.isLast) socket.end();
        more = () => socket.write(words.later ?? '', 'latin1');
      }
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

const ok = (...lines: readonly string[]) => ['HTTP/1.1 200 OK', ...lines].join('\r\n');
const hi = (...lines: readonly string[]) => ok(...lines, 'Content-Length: 2', '', 'hi');
const chunked = (rest: string) => ok('Transfer-Encoding: chunked', '', rest);
const status = (line: string) => [line, 'Content-Length: 2', '', 'hi'].join('\r\n');

async function answerTo(said: Words): Promise<string> {
  words = said;
  const client = await RawConnection.open(sidecar.port);
  client.send('GET /odd HTTP/1.1', 'Host: a', 'Connection: close', '', '');
  if (said.later !== undefined) {
    await client.until('first');
    more();
  }
  return client.untilClosed();
}

/** Nothing of it stays: no slot, no connection with bytes of an answer that was not asked for. */
async function expectNothingStays(): Promise<void> {
  await sidecar.until(({ inFlight, waiting }) => inFlight === 0 && waiting === 0);
  const next = await fetch(`${sidecar.url}/fine`);
  expect([next.status, await next.text()]).toEqual([200, 'fine']);
}

describe('passes', () => {
  test.each<[string, string, RegExp]>([
    ['no reason phrase', status('HTTP/1.1 200'), /^HTTP\/1.1 200 \r\n.*\r\n\r\nhi$/s],
    ['an empty reason phrase', status('HTTP/1.1 200 '), /^HTTP\/1.1 200 \r\n.*\r\n\r\nhi$/s],
    ['a status nobody knows', status('HTTP/1.1 999 Odd'), /^HTTP\/1.1 999 Odd\r\n.*\r\n\r\nhi$/s],
    ['latin-1 in a value', hi('X: caf\xe9'), /\r\nX: caf\xe9\r\n.*\r\n\r\nhi$/s],
    ['an odd but legal name', hi("X!#$%&'*+-.^_`|~: 1"), /\r\nX!#\$%&'\*\+-\.\^_`\|~: 1\r\n/],
    ['repeated fields', hi('Set-Cookie: a', 'set-cookie: b'), /\r\nSet-Cookie: a\r\nset-cookie: b\r\n/],
    ['a thousand lines', hi(...Array.from({ length: 1000 }, (_, i) => `X${i}: 1`)), /\r\nX999: 1\r\n/],
    ['latin-1 in the reason phrase', status('HTTP/1.1 200 caf\xe9'), /^HTTP\/1.1 200 caf\xe9\r\n.*\r\n\r\nhi$/s],
    ['a coding in capitals', chunked('2\r\nhi\r\n0\r\n\r\n').replace('chunked', 'CHUNKED'), /\r\n\r\nhi$/],
    ['a chunk size with zeros', chunked('0000A\r\n0123456789\r\n000\r\n\r\n'), /\r\n\r\n0123456789$/],
    ['a chunk extension', chunked('2;a=b\r\nhi\r\n0\r\n\r\n'), /\r\n\r\nhi$/],
    ['a blank before an extension', chunked('2 ;a=b\r\nhi\r\n0 ;a\r\n\r\n'), /\r\n\r\nhi$/],
    ['a blank inside an extension', chunked('2; a=b; c\r\nhi\r\n0\r\n\r\n'), /\r\n\r\nhi$/],
    ['blanks around the equals sign', chunked('2;a\t = "b;\\"c"\r\nhi\r\n0\r\n\r\n'), /\r\n\r\nhi$/],
    ['a long extension', chunked(`2;a=${'b'.repeat(16_000)}\r\nhi\r\n0\r\n\r\n`), /\r\n\r\nhi$/],
    ['a space before the colon, which is taken off', hi('X-Frame-Options : DENY'), /\r\nX-Frame-Options: DENY\r\n/],
    [
      'a space before the colon of the length, which counts',
      ok('Content-Length\t: 2', '', 'hi'),
      /\r\nContent-Length: 2\r\n.*\r\n\r\nhi$/s,
    ],
    ['a reset of the form, with content', status('HTTP/1.1 205 Reset Content'), /^HTTP\/1.1 205 .*\r\n\r\nhi$/s],
    ['a range that cannot be', status('HTTP/1.1 416 Range Not Satisfiable'), /^HTTP\/1.1 416 .*\r\n\r\nhi$/s],
    ['no date, which is added', hi(), /\r\nDate: \w{3}, /],
    [
      'an interim response with fields of the connection',
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 5\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n${hi()}`,
      /^HTTP\/1.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1.1 200 OK/,
    ],
    [
      'Connection on two lines',
      hi('Connection: x-one', 'Connection: x-two', 'X-One: 1', 'X-Two: 2', 'X-Three: 3'),
      /^HTTP\/1.1 200 OK\r\nX-Three: 3\r\n/,
    ],
    [
      'a length in a trailer, which is left out',
      chunked('2\r\nhi\r\n0\r\nContent-Length: 5\r\n\r\n'),
      /\r\nhi\r\n0\r\n\r\n$/,
    ],
    [
      '100 Continue that nobody waits for',
      `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20)}${hi()}`,
      /^HTTP\/1.1 200 .*\r\n\r\nhi$/s,
    ],
    ['a trailer in latin-1', chunked('2\r\nhi\r\n0\r\nX: caf\xe9\r\n\r\n'), /\r\n0\r\nX: caf\xe9\r\n\r\n$/],
    [
      'no content, with a length',
      'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi',
      /^HTTP\/1.1 204 (?:(?!Content-Length).)*\r\n\r\n$/s,
    ],
    [
      'no content, in chunks',
      'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1.1 204 (?:(?!Transfer-Encoding).)*\r\n\r\n$/s,
    ],
    [
      'not modified, with a length',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
      /^HTTP\/1.1 304 .*\r\nContent-Length: 9\r\n.*\r\n\r\n$/s,
    ],
    ['names that Connection may not take away', hi('Connection: content-length, x', 'X: 1'), /\r\n\r\nhi$/],
    [
      'an id of its own, which is not the client’s',
      hi('X-Inference-Id: other'),
      /\r\nX-Inference-Id: [0-9a-f-]{36}\r\n/,
    ],
    ['bytes behind the end', `${hi()}EXTRA`, /\r\n\r\nhi$/],
    ['a second answer', `${hi()}${ok('Content-Length: 6', '', 'poison')}`, /\r\n\r\nhi$/],
  ])('%s', async (_, bytes, answer) => {
    expect(await answerTo({ bytes, isLast: false })).toMatch(answer);
    await expectNothingStays();
  });

  test.each<[string, string]>([
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhi'],
    ['HTTP/1.1', ok('Connection: close', '', 'hi')],
  ])('a body that ends with its connection, in %s', async (_, bytes) => {
    expect(await answerTo({ bytes, isLast: true })).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\n2\r\nhi\r\n0\r\n\r\n$/s);
    await expectNothingStays();
  });
});

test.each<[string, string]>([
  ['a control character in a value', hi('X: a\x01b')],
  ['a NUL in a value', hi('X: a\x00b')],
  ['a bare CR in a value', hi('X: a\rY: b')],
  ['a folded line', hi('X: a', ' b')],
  ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nhi'],
  ['a name with a space', hi('X Y: 1')],
  ['no name', hi(': 1')],
  ['no colon', hi('nonsense')],
  ['a name in latin-1', hi('X\xe9: 1')],
  ['a status of two digits', status('HTTP/1.1 99 OK')],
  ['a status below 100', status('HTTP/1.1 099 OK')],
  ['a status of zeros', status('HTTP/1.1 000 OK')],
  ['a control character in the reason phrase', status('HTTP/1.1 200 a\x01b')],
  ['an upgrade that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nhi'],
  ['a coding that cannot be passed on', ok('Transfer-Encoding: gzip, chunked', '', '2\r\nhi\r\n0\r\n\r\n')],
  ['a status of four digits', status('HTTP/1.1 1000 OK')],
  ['a status that is no number', status('HTTP/1.1 20a OK')],
  ['a length and a coding', ok('Content-Length: 2', 'Transfer-Encoding: chunked', '', '2\r\nhi\r\n0\r\n\r\n')],
  ['two lengths', hi('Content-Length: 3')],
  ['a list of lengths', ok('Content-Length: 2, 2', '', 'hi')],
  ['a negative length', ok('Content-Length: -2', '', 'hi')],
  ['a signed length', ok('Content-Length: +2', '', 'hi')],
  ['a hexadecimal length', ok('Content-Length: 0x2', '', 'hi')],
  ['an empty length', ok('Content-Length: ', '', 'hi')],
  ['a length beyond all numbers', ok('Content-Length: 99999999999999999999999', '', 'hi')],
  ['too long headers', hi(`X: ${'x'.repeat(70_000)}`)],
  ['an interim response that is malformed', `HTTP/1.1 103 Early Hints\r\nLink: a\x01\r\n\r\n${hi()}`],
  ['another protocol', status('ICY 200 OK')],
  ['another version', status('HTTP/1.2 200 OK')],
  ['a version in small letters', status('http/1.1 200 OK')],
  ['no version', '200 OK\r\n\r\nhi'],
  ['bytes before the answer', `garbage${hi()}`],
])('%s: 502 upstream_invalid', async (_, bytes) => {
  const answer = await answerTo({ bytes, isLast: false });
  expect(answer).toMatch(/^HTTP\/1.1 502 .*"code":"upstream_invalid"/s);
  await expectNothingStays();
});

test.each<[string, string]>([
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le'],
  ['nothing', ''],
])('%s, and then it goes: 502 upstream_reset', async (_, bytes) => {
  const answer = await answerTo({ bytes, isLast: true });
  expect(answer).toMatch(/^HTTP\/1.1 502 .*"code":"upstream_reset"/s);
  await expectNothingStays();
});

test.each<[string, string]>([
  ['a bad chunk size', '2\r\nhi\r\nzz\r\n'],
  ['a blank behind the size of a chunk, and no extension', '2\r\nhi\r\n2 \r\nhi\r\n'],
  ['an extension without a name', '2\r\nhi\r\n2; =a\r\nhi\r\n'],
  ['a chunk longer than its size', '2\r\nhihi\r\n0\r\n\r\n'],
  ['a chunk size beyond all numbers', '2\r\nhi\r\nfffffffffffffffff\r\nhi'],
  ['bare LF in chunks', '2\nhi\n0\n\n'],
  ['a control character in a trailer', '2\r\nhi\r\n0\r\nX: a\x01b\r\n\r\n'],
  ['endless trailers', `2\r\nhi\r\n0\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
])('%s: 502 where nothing was passed on yet, else the client sees an abnormal end', async (_, rest) => {
  expect(await answerTo({ bytes: chunked(rest), isLast: false })).toMatch(
    /^HTTP\/1.1 502 .*"code":"upstream_invalid"/s,
  );
  await expectNothingStays();
  const answer = await answerTo({ bytes: chunked('5\r\nfirst\r\n'), later: rest, isLast: false });
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n.*first/s);
  expect(answer).not.toMatch(/\r\n0\r\n/);
  await expectNothingStays();
});

test.each<[string, string]>([
  ['more than what came', '100'],
  ['no more than what came and our event together', '40'],
])('an event stream that breaks off with a length of %s: %s bytes are never more than that', async (_, length) => {
  const head = ok('Content-Type: text/event-stream', `Content-Length: ${length}`, '', '');
  const answer = await answerTo({ bytes: `${head}data: first\n\n`, isLast: true });
  expect(answer).toMatch(/\r\n\r\ndata: first\n\n$/);
  await expectNothingStays();
});

test('a compressed event stream that breaks off gets no event of ours: its bytes could not be told from it', async () => {
  const head = ok('Content-Type: text/event-stream', 'Content-Encoding: gzip', 'Transfer-Encoding: chunked', '', '');
  // Two bytes that look like the end of an event.
  const answer = await answerTo({ bytes: `${head}7\r\nfirst\n\n\r\n`, later: 'zz\r\n', isLast: false });
  expect(answer).toContain('first');
  expect(answer).not.toContain('event: error');
  await expectNothingStays();
});
