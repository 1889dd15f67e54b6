// Which header lines cross the proxy: order, case and repetition kept, those of one connection left behind.
import { expect, test } from 'vitest';
import { requestHeaders, requestTrailers, responseHeaders, responseTrailers } from '../../sidecar/upstream/headers.ts';

const none = { without: [], added: [] };

/** As node:http gives a request with these lines. */
function arrived(lines: readonly [string, string][], prefix = '') {
  const headers: Record<string, string> = {};
  for (const [name, value] of lines) {
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return { request: { rawHeaders: lines.flat(), headers }, remoteAddress: '192.0.2.7', prefix };
}

const pass = (lines: readonly [string, string][], prefix?: string) => requestHeaders(arrived(lines, prefix), none);
const valuesOf = (lines: readonly string[], wanted: string) =>
  lines.filter((_, i) => i % 2 === 1 && lines[i - 1]!.toLowerCase() === wanted);

test('lines of the client keep order, case and repetition', () => {
  const lines: [string, string][] = [
    ['HOST', 'a'],
    ['X-B', '1'],
    ['x-a', '2'],
    ['X-B', '3'],
    ['Cookie', 'c=1'],
    ['traceparent', '00-1-2-01'],
  ];
  expect(pass(lines).slice(0, lines.length * 2)).toEqual(lines.flat());
});

test('what belongs to one connection stays behind, named by Connection or not', () => {
  const lines = pass([
    ['Host', 'a'],
    ['Connection', 'close, X-Private , x-other'],
    ['X-Private', '1'],
    ['X-Other', '1'],
    ['Keep-Alive', 'timeout=5'],
    ['Proxy-Connection', 'keep-alive'],
    ['TE', 'trailers'],
    ['Transfer-Encoding', 'chunked'],
    ['Upgrade', 'h2c'],
    ['Expect', '100-continue'],
    ['Proxy-Authorization', 'Basic x'],
    ['Kept', 'yes'],
  ]);
  const names = lines.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  const added = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'traceparent'];
  expect(names).toEqual(['host', 'kept', ...added]);
});

test('trailers pass, but not those that say who or where, or that belong to the framing', () => {
  const raw = [
    'X-Checksum',
    'c0ffee',
    'Content-Length',
    '5',
    'Authorization',
    'Bearer x',
    'x-Tokens',
    '5',
    'Host',
    'b',
  ];
  expect(requestTrailers(raw)).toEqual(['X-Checksum', 'c0ffee', 'x-Tokens', '5']);
  expect(responseTrailers(['X-Checksum', 'c0ffee', 'Transfer-Encoding', 'x', 'X-Inference-Id', 'y'])).toEqual([
    'X-Checksum',
    'c0ffee',
  ]);
});

test.each(['Host', 'Content-Length', 'Content-Type', 'Authorization'])('Connection cannot take %s away', (name) => {
  const lines = pass([
    ['Host', 'a'],
    ['Connection', `keep-alive, ${name}`],
    ['Content-Length', '1'],
    ['Content-Type', 'x'],
    ['Authorization', 'y'],
  ]);
  expect(valuesOf(lines, name.toLowerCase())).toHaveLength(1);
});

test('X-Forwarded fields continue what proxies before us began', () => {
  const lines = pass([
    ['Host', 'inner'],
    ['X-Forwarded-For', '203.0.113.1'],
    ['x-forwarded-for', '198.51.100.2'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', 'api.example.com'],
    ['Forwarded', 'for=203.0.113.1;proto=https'],
  ]);
  expect(valuesOf(lines, 'x-forwarded-for')).toEqual(['203.0.113.1, 198.51.100.2, 192.0.2.7']);
  expect(valuesOf(lines, 'x-forwarded-proto')).toEqual(['https']);
  expect(valuesOf(lines, 'x-forwarded-host')).toEqual(['api.example.com']);
  expect(valuesOf(lines, 'forwarded')).toEqual(['for=203.0.113.1;proto=https, for=192.0.2.7']);
});

test('the public form adds its prefix', () => {
  expect(valuesOf(pass([['Host', 'a']], '/echo'), 'x-forwarded-prefix')).toEqual(['/echo']);
});

test('a trace begins where there is none and passes where there is one', () => {
  expect(valuesOf(pass([['Host', 'a']]), 'traceparent')[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(
    valuesOf(
      pass([
        ['Host', 'a'],
        ['TraceParent', 'theirs'],
      ]),
      'traceparent',
    ),
  ).toEqual(['theirs']);
});

test('of a response everything crosses but what belongs to the connection', () => {
  const raw = [
    'Server',
    'x',
    'Connection',
    'X-Hop, keep-alive',
    'X-Hop',
    '1',
    'Keep-Alive',
    't',
    'Transfer-Encoding',
    'chunked',
  ];
  const kept = ['Set-Cookie', 'a', 'Set-Cookie', 'b', 'Trailer', 'X-T', 'Content-Length', '5'];
  expect(responseHeaders([...raw, ...kept])).toEqual(['Server', 'x', ...kept]);
});
