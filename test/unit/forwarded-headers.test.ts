// Which header lines cross the proxy: order, case and repetition kept, those of one connection left behind.
import { expect, test } from 'vitest';
import {
  interimHeaders,
  requestHeaders,
  requestTrailers,
  responseHeaders,
  responseTrailers,
} from '../../sidecar/upstream/headers.ts';

const none = { without: [], added: [] };

/** As node:http gives a request with these lines. */
function arrived(lines: readonly [string, string][], prefix = '', more: { method?: string; authority?: string } = {}) {
  const headers: Record<string, string> = {};
  for (const [name, value] of lines) {
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  const { method = 'GET', authority = '' } = more;
  const request = { rawHeaders: lines.flat(), headers, method, httpVersionMinor: 1 };
  return { request, remoteAddress: '192.0.2.7', prefix, authority };
}

const pass = (...given: Parameters<typeof arrived>) => requestHeaders(arrived(...given), none);
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
  const added = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'via', 'traceparent'];
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

test('the public form adds its prefix, which no client can', () => {
  const theirs: [string, string] = ['X-Forwarded-Prefix', '//evil.example'];
  expect(valuesOf(pass([['Host', 'a'], theirs], '/echo'), 'x-forwarded-prefix')).toEqual(['/echo']);
  expect(valuesOf(pass([['Host', 'a'], theirs]), 'x-forwarded-prefix')).toEqual([]);
});

test.each([
  'X_Forwarded_For',
  'x-forwarded_for',
  'X_FORWARDED_PREFIX',
  'X_Forwarded-Host',
  'X_Forwarded_Proto',
  'X_Inference_Id',
  'Content_Length',
  'Transfer_Encoding',
  'Proxy_Authorization',
])('%s, which some servers take for the field with dashes, does not pass', (name) => {
  const names = pass([
    ['Host', 'a'],
    [name, 'spoofed'],
    ['X_Own', '1'],
  ]).filter((_, i) => i % 2 === 0);
  expect(names).not.toContain(name);
  expect(names).toContain('X_Own');
  expect(requestTrailers([name, 'spoofed', 'X_Own', '1'])).toEqual(['X_Own', '1']);
});

test.each([
  ['for="203.0.113.1', 'an open quotation mark'],
  ['for="a\\', 'an open escape'],
  ['for=a;;by', 'no pairs'],
])('Forwarded %j, which has %s, cannot swallow what we say', (before) => {
  expect(
    valuesOf(
      pass([
        ['Host', 'a'],
        ['Forwarded', before],
      ]),
      'forwarded',
    ),
  ).toEqual(['for=192.0.2.7']);
});

test.each(['for="[2001:db8::1]:80";proto=https', 'for=_hidden, for=10.0.0.1;by=203.0.113.43;host=a'])(
  'Forwarded %j is continued',
  (before) => {
    expect(
      valuesOf(
        pass([
          ['Host', 'a'],
          ['Forwarded', before],
        ]),
        'forwarded',
      ),
    ).toEqual([`${before}, for=192.0.2.7`]);
  },
);

test('the host of a target in absolute form takes the place of Host', () => {
  const lines = pass(
    [
      ['HOST', 'other'],
      ['X-A', '1'],
    ],
    '',
    { authority: 'named:81' },
  );
  expect(lines.slice(0, 4)).toEqual(['HOST', 'named:81', 'X-A', '1']);
  expect(valuesOf(lines, 'x-forwarded-host')).toEqual(['named:81']);
});

test('Via says that we are here, behind who came before', () => {
  expect(valuesOf(pass([['Host', 'a']]), 'via')).toEqual(['1.1 inference-sidecar']);
  expect(
    valuesOf(
      pass([
        ['Host', 'a'],
        ['Via', '2 ingress'],
      ]),
      'via',
    ),
  ).toEqual(['2 ingress', '1.1 inference-sidecar']);
});

test('Max-Forwards of OPTIONS has one hop less to go, that of other methods means nothing', () => {
  const lines: [string, string][] = [
    ['Host', 'a'],
    ['Max-Forwards', '3'],
  ];
  expect(valuesOf(pass(lines, '', { method: 'OPTIONS' }), 'max-forwards')).toEqual(['2']);
  expect(valuesOf(pass(lines), 'max-forwards')).toEqual(['3']);
});

test('all Connection lines of a response count, and of a request', () => {
  const raw = ['Connection', 'X-One', 'connection', 'x-two, close', 'X-One', '1', 'X-Two', '2', 'X-Three', '3'];
  expect(responseHeaders(raw)).toEqual(['X-Three', '3']);
  const lines = pass([
    ['Connection', 'X-One'],
    ['connection', 'x-two'],
    ['X-One', '1'],
    ['X-Two', '2'],
  ]);
  expect([...valuesOf(lines, 'x-one'), ...valuesOf(lines, 'x-two')]).toEqual([]);
});

test('an interim response has no length, and nothing of its connection', () => {
  const raw = [
    'Link',
    '</a>',
    'Content-Length',
    '5',
    'Transfer-Encoding',
    'chunked',
    'Connection',
    'X-Hop',
    'X-Hop',
    '1',
  ];
  expect(interimHeaders(raw)).toEqual(['Link', '</a>']);
});

test.each([
  'Set-Cookie',
  'Content-Type',
  'Content-Encoding',
  'Cache-Control',
  'WWW-Authenticate',
  'Trailer',
  'Location',
])('%s is no trailer of anybody', (name) => {
  expect(responseTrailers([name, 'x', 'X-Checksum', '1'])).toEqual(['X-Checksum', '1']);
  expect(requestTrailers([name, 'x', 'X-Checksum', '1'])).toEqual(['X-Checksum', '1']);
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
