// What HTTP allows besides a request and its response: trailers, interim responses, HEAD, answers before the body was
// read, HTTP/1.0, pipelining, absolute targets.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RawConnection, silentBody } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar({ settings: { concurrency: 4 } });
});
afterAll(() => sidecar.close());

async function exchange(ends: string | RegExp, ...lines: readonly string[]): Promise<string> {
  const connection = await RawConnection.open(sidecar.port);
  try {
    return await connection.send(...lines).until(ends);
  } finally {
    connection.close();
  }
}

test('trailers pass', async () => {
  const answer = await exchange('\r\n\r\n', 'GET /trailers HTTP/1.1', 'Host: a', 'Connection: close', '', '');
  const whole = answer.includes('0\r\n')
    ? answer
    : await exchange(/0\r\n[\s\S]*\r\n\r\n$/, 'GET /trailers HTTP/1.1', 'Host: a', '', '');
  expect(whole).toContain('Trailer: X-Checksum, X-Tokens');
  expect(whole).toMatch(/0\r\nX-Checksum: c0ffee\r\nX-Tokens: 5\r\n\r\n$/);
});

test.each([
  ['in one packet', 0],
  ['with a body that comes later', 20],
])('trailers of the request reach the container, %s', async (_, pauseMs) => {
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /echo HTTP/1.1', 'Host: a', 'Trailer: X-Checksum', 'Transfer-Encoding: chunked', '', '');
  if (pauseMs > 0) await sidecar.model.when((stats) => stats.inFlight === 1);
  connection.send('5', 'hello', '0', 'X-Checksum: c0ffee', 'Authorization: Bearer x', '', '');
  const answer = await connection.until('"trailers"');
  expect(answer).toContain('"bodyBytes":5');
  expect(answer).toContain('"trailers":{"x-checksum":"c0ffee"}');
  expect(answer).toContain('["Trailer","X-Checksum"]');
  connection.close();
});

test('trailers that the request announces with a body of known length, or none, do no harm', async () => {
  const answer = await exchange(
    'bodyBytes',
    'POST /echo HTTP/1.1',
    'Host: a',
    'Trailer: X-T',
    'Content-Length: 2',
    '',
    'hi',
  );
  expect(answer).toContain('"bodyBytes":2');
  expect(await exchange('bodyBytes', 'GET /echo HTTP/1.1', 'Host: a', 'Trailer: X-T', '', '')).toContain('200 OK');
});

test('interim responses pass, but not to HTTP/1.0', async () => {
  const answer = await exchange('[102,103]', 'GET /informational HTTP/1.1', 'Host: a', '', '');
  expect(answer).toMatch(
    /^HTTP\/1.1 102 Processing\r\n\r\nHTTP\/1.1 103 Early Hints\r\n[Ll]ink: .*\r\n\r\nHTTP\/1.1 200 OK/,
  );
  expect(await exchange('[102,103]', 'GET /informational HTTP/1.0', '', '')).toMatch(/^HTTP\/1.1 200 OK/);
});

test('HEAD has the headers of GET and no body', async () => {
  const get = await exchange('"trailers":{}', 'GET /echo HTTP/1.1', 'Host: a', 'Connection: close', '', '');
  const head = await exchange('\r\n\r\n', 'HEAD /echo HTTP/1.1', 'Host: a', 'Connection: close', '', '');
  expect(head).toMatch(/\r\n\r\n$/);
  expect(head).toContain('Content-Type: application/json');
  expect(get).toContain('Content-Type: application/json');
});

test('an answer that comes before the body was read reaches the client', async () => {
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /early HTTP/1.1', 'Host: a', `Content-Length: ${50_000_000}`, '', 'x'.repeat(100_000));
  expect(await connection.until('answered before the body was read')).toMatch(/^HTTP\/1.1 413 /);
  connection.close();
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('after an early answer the rest of the body is not taken for a request', async () => {
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /early HTTP/1.1', 'Host: a', 'Content-Length: 200000', '', 'x'.repeat(100_000));
  await connection.until('answered before the body was read');
  connection.clear();
  connection.write('y'.repeat(100_000)).send('GET /echo/next HTTP/1.1', 'Host: a', '', '');
  expect(await connection.until('/echo/next')).toMatch(/HTTP\/1.1 200 OK/);
  connection.close();
});

test('pipelined requests are answered in order', async () => {
  const one = (n: number) => [`GET /echo/${n} HTTP/1.1`, 'Host: a', '', ''].join('\r\n');
  const answer = await exchange('/echo/3', one(1) + one(2) + one(3));
  expect([...answer.matchAll(/"path":"(.*?)"/g)].map(([, path]) => path)).toEqual(['/echo/1', '/echo/2', '/echo/3']);
});

test('an absolute target is taken for its path, and its host for Host', async () => {
  const answer = await exchange('"path"', 'GET http://elsewhere:1/echo?x HTTP/1.1', 'Host: a', '', '');
  expect(answer).toContain('"path":"/echo?x"');
  expect(answer).toContain('["Host","elsewhere:1"]');
  expect(answer).not.toContain('["Host","a"]');
});

test.each(['?next=/echo/x', '?back=/status/demo', '?q=1'])(
  'an absolute target without a path, but with %s, is the root',
  async (query) => {
    await exchange('404', `GET http://elsewhere${query} HTTP/1.1`, 'Host: a', '', '');
    expect(sidecar.model.stats().calls.at(-1)?.path).toBe('/');
  },
);

test('OPTIONS of the server itself is answered, OPTIONS of a path is for the container', async () => {
  const answer = await exchange('\r\n\r\n', 'OPTIONS * HTTP/1.1', 'Host: a', '', '');
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\nAllow: GET, HEAD, POST, .*\r\nContent-Length: 0\r\n/s);
  expect(await exchange('"path"', 'OPTIONS /echo HTTP/1.1', 'Host: a', '', '')).toContain('"path":"/echo"');
  expect(await exchange('\r\n\r\n', 'OPTIONS /echo HTTP/1.1', 'Host: a', 'Max-Forwards: 0', '', '')).toContain(
    'Allow: ',
  );
});

test('TRACE is refused', async () => {
  const answer = await exchange('"code"', 'TRACE /echo HTTP/1.1', 'Host: a', '', '');
  expect(answer).toMatch(/^HTTP\/1.1 405 .*\r\nAllow: /s);
});

test('an expectation that lists 100-continue twice, or nothing, is understood', async () => {
  const expecting = (value: string) =>
    exchange('"bodyBytes"', 'POST /echo HTTP/1.1', 'Host: a', `Expect: ${value}`, 'Content-Length: 2', '', 'hi');
  expect(await expecting('100-Continue, 100-continue')).toContain('HTTP/1.1 100 Continue');
  expect(await expecting('')).toMatch(/^HTTP\/1.1 200 OK/);
});

test('a chunked body reaches the container whole', async () => {
  const chunks = Array.from({ length: 100 }, (_, i) => `1\r\n${String.fromCharCode(97 + (i % 26))}\r\n`).join('');
  const answer = await exchange(
    'bodyBytes',
    'POST /echo HTTP/1.1',
    'Host: a',
    'Transfer-Encoding: chunked',
    '',
    `${chunks}0\r\n\r\n`,
  );
  expect(answer).toContain('"bodyBytes":100');
});

test('every answer carries X-Inference-Id and Server-Timing, the client’s id where it sent one', async () => {
  const answer = await exchange('\r\n\r\n', 'GET /echo HTTP/1.1', 'Host: a', 'X-Inference-Id: mine', '', '');
  expect(answer).toMatch(/\r\nX-Inference-Id: mine\r\nServer-Timing: queue;dur=[\d.]+, upstream;dur=[\d.]+\r\n/);
  const refused = await exchange('\r\n\r\n', 'GET /echo HTTP/1.1', 'Host: a', 'X-Inference-Id: not/mine', '', '');
  expect(refused).toMatch(/^HTTP\/1.1 400 [\s\S]*X-Inference-Id: [0-9a-f-]{36}\r\nServer-Timing: /);
});

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

test.runIf(hasIpv6)(
  'without a host it listens on IPv6 too, and tells the container each client in its own form',
  async () => {
    const open = await startSidecar({ settings: { host: '' } });
    try {
      for (const [host, client] of [
        ['[::1]', '::1'],
        ['127.0.0.1', '127.0.0.1'],
      ] as const) {
        const response = await fetch(`http://${host}:${open.port}/echo`);
        const { headers } = (await response.json()) as { headers: [string, string][] };
        expect(headers.find(([name]) => name === 'X-Forwarded-For')?.[1]).toBe(client);
      }
    } finally {
      await open.close();
    }
  },
);

test('an answer that begins while the body still comes goes on with it, also over a long silence', async () => {
  const duplex = createServer((request, response) => {
    response.flushHeaders();
    request.on('data', (bytes: Buffer) => response.write(`[${bytes}]`)).on('end', () => response.end('.'));
  }).listen(0, '127.0.0.1');
  await once(duplex, 'listening');
  const upstream = `http://127.0.0.1:${(duplex.address() as AddressInfo).port}`;
  const talking = await startSidecar({ settings: { upstream, healthPath: '' }, limits: { bodySilenceMs: 200 } });
  const connection = await RawConnection.open(talking.port);
  connection.send('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', '', '1\r\na\r\n');
  await connection.until('[a]');
  // Began later: when it is given up, this one has been silent for longer than the limit.
  expect(await silentBody(talking.port)).toMatch(/^HTTP\/1.1 408 /);
  connection.write('2\r\nbc\r\n');
  await connection.until('[bc]');
  connection.write('0\r\n\r\n');
  await connection.until('1\r\n.\r\n0\r\n\r\n');
  connection.close();
  await talking.close();
  duplex.close();
});
