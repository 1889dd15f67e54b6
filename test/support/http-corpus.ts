// Requests for the differential test: methods, targets, header shapes, bodies, framings and splits, and every kind of
// response the model server knows. Deterministic.

export interface CorpusCase {
  readonly name: string;
  readonly method: string;
  /** What is written, piece by piece: each piece is a packet of its own. */
  readonly pieces: readonly Buffer[];
}

const bytesOf = (size: number): Buffer =>
  Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) % 256));

function requestOf(method: string, target: string, headers: readonly string[], body: Buffer, version = '1.1'): Buffer {
  const head = [`${method} ${target} HTTP/${version}`, 'Host: model.example', ...headers, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

function chunked(body: Buffer, size: number, extension = ''): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size);
    parts.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

const whole = (name: string, method: string, bytes: Buffer): CorpusCase => ({ name, method, pieces: [bytes] });
const empty = Buffer.alloc(0);

function* methods(): Generator<CorpusCase> {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'SEARCH', 'REPORT']) {
    yield whole(`${method} without a body`, method, requestOf(method, '/echo', [], empty));
    yield whole(
      `${method} with Content-Length`,
      method,
      requestOf(method, '/echo', ['Content-Length: 5'], Buffer.from('hello')),
    );
    const body = chunked(Buffer.from('hello world'), 4);
    yield whole(`${method} chunked`, method, requestOf(method, '/echo', ['Transfer-Encoding: chunked'], body));
    yield whole(`${method} in HTTP/1.0`, method, requestOf(method, '/echo', [], empty, '1.0'));
  }
}

function* targets(): Generator<CorpusCase> {
  const paths = ['/echo/', '/echo//x', '/echo/a%2Fb', '/echo/../x', '/echo/%00', '/echo/%C3%A4', "/echo/!$&'()*+,;=:@"];
  const queries = [
    '/echo?',
    '/echo?a=1&a=2',
    '/echo?q=%F0%9F%A6%99',
    '/echo?a=b?c',
    '/echo?x=[1]|"',
    `/echo?${'long=1&'.repeat(800)}`,
  ];
  for (const target of [...paths, ...queries, '/nowhere', '/v1/models', '/v1/nothing']) {
    yield whole(`target ${target.slice(0, 40)}`, 'GET', requestOf('GET', target, [], empty));
  }
}

function* headerShapes(): Generator<CorpusCase> {
  const shapes: Readonly<Record<string, readonly string[]>> = {
    'repeated lines': ['X-A: 1', 'X-B: 2', 'X-A: 3', 'x-a: 4'],
    'odd case': ['x-LOWER-upper: 1', 'COOKIE: a=1', 'cookie: b=2'],
    'empty value': ['X-Empty:', 'X-Blank:   '],
    'inner blanks': ['X-Inner: a  b\tc', 'X-Tight:x', 'X-Loose:    x   '],
    'latin-1 bytes': ['X-Latin: caf\xe9 \xff'],
    'a long value': [`X-Long: ${'v'.repeat(8_000)}`],
    'many lines': Array.from({ length: 90 }, (_, i) => `X-N${i}: ${i}`),
    authorization: ['Authorization: Bearer sk-something', 'Cookie: session=1'],
    'conditional and range': [
      'If-None-Match: "a"',
      'Range: bytes=0-5',
      'If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT',
    ],
    'accept all kinds': ['Accept: a/b;q=0.1, */*', 'Accept-Encoding: gzip, br, zstd', 'Accept-Language: fi'],
    'other preferences': ['Prefer: handling=lenient', 'Prefer: return=minimal; x="a,b"'],
    'punctuation in names': ["X!#$%&'*+-.^_`|~: odd"],
    'an id of its own': ['X-Inference-Id: differential-1'],
    'a trace of its own': ['traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'tracestate: a=b'],
    'hop-by-hop fields': ['Connection: keep-alive'],
  };
  for (const [name, lines] of Object.entries(shapes))
    yield whole(`headers: ${name}`, 'GET', requestOf('GET', '/echo', lines, empty));
}

function* bodies(): Generator<CorpusCase> {
  for (const size of [0, 1, 2, 255, 256, 4_095, 16_384, 65_535, 65_536, 65_537, 300_000, 2_000_000]) {
    const body = bytesOf(size);
    yield whole(`a body of ${size} bytes`, 'POST', requestOf('POST', '/echo', [`Content-Length: ${size}`], body));
    const inChunks = chunked(body, 8_191);
    yield whole(
      `a chunked body of ${size} bytes`,
      'POST',
      requestOf('POST', '/echo', ['Transfer-Encoding: chunked'], inChunks),
    );
  }
  for (const size of [1, 7, 100, 1_000]) {
    const body = chunked(bytesOf(1_000), size);
    yield whole(`chunks of ${size} bytes`, 'POST', requestOf('POST', '/echo', ['Transfer-Encoding: chunked'], body));
  }
  const extended = chunked(Buffer.from('hello'), 2, ';name=value');
  yield whole('chunk extensions', 'POST', requestOf('POST', '/echo', ['Transfer-Encoding: chunked'], extended));
}

function* splits(): Generator<CorpusCase> {
  const headers = ['Content-Type: application/json', 'Content-Length: 40'];
  const bytes = requestOf('POST', '/echo', headers, bytesOf(40));
  for (const at of [
    1,
    4,
    10,
    17,
    20,
    36,
    60,
    bytes.length - 41,
    bytes.length - 40,
    bytes.length - 39,
    bytes.length - 1,
  ]) {
    yield { name: `split at ${at}`, method: 'POST', pieces: [bytes.subarray(0, at), bytes.subarray(at)] };
  }
  const single = Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));
  yield { name: 'byte by byte', method: 'POST', pieces: single };
  const inChunks = requestOf('POST', '/echo', ['Transfer-Encoding: chunked'], chunked(bytesOf(30), 7));
  for (const size of [3, 11, 50]) {
    const pieces = Array.from({ length: Math.ceil(inChunks.length / size) }, (_, i) =>
      inChunks.subarray(i * size, (i + 1) * size),
    );
    yield { name: `chunked in packets of ${size}`, method: 'POST', pieces };
  }
}

function* responses(): Generator<CorpusCase> {
  const get = (target: string) => whole(`response of ${target}`, 'GET', requestOf('GET', target, [], empty));
  for (const status of [
    200, 201, 202, 204, 206, 301, 302, 304, 400, 401, 403, 404, 409, 413, 418, 422, 429, 451, 500, 502, 503, 504, 529,
    599,
  ]) {
    yield get(`/fail?status=${status}`);
  }
  for (const query of [
    'count=0',
    'count=1&bytes=1',
    'count=10&bytes=1',
    'count=50&bytes=10000',
    'count=3&bytes=500000',
    'count=5&bytes=100&length=true',
    'count=40&bytes=65536&length=true',
  ]) {
    yield get(`/chunks?${query}`);
  }
  yield* [
    get('/trailers'),
    get('/informational'),
    get('/half'),
    get('/early'),
    get('/image?prompt=x&width=64&height=64'),
  ];
  for (const stream of [false, true]) {
    for (const path of ['/v1/completions', '/v1/chat/completions']) {
      const body = Buffer.from(
        JSON.stringify({ prompt: 'p', messages: [{ role: 'user', content: 'p' }], max_tokens: 12, stream }),
      );
      yield whole(
        `${path} stream ${stream}`,
        'POST',
        requestOf('POST', path, [`Content-Length: ${body.length}`], body),
      );
    }
  }
  yield whole('HEAD of an image', 'HEAD', requestOf('HEAD', '/image?prompt=x', [], empty));
  yield whole('HEAD of a 404', 'HEAD', requestOf('HEAD', '/nowhere', [], empty));
  yield whole('HTTP/1.0 of a chunked response', 'GET', requestOf('GET', '/chunks?count=5', [], empty, '1.0'));
  const brokenJson = Buffer.from('{"prompt": ');
  yield whole(
    'a body that is no JSON',
    'POST',
    requestOf('POST', '/v1/completions', [`Content-Length: ${brokenJson.length}`], brokenJson),
  );
}

export function corpus(): readonly CorpusCase[] {
  return [...methods(), ...targets(), ...headerShapes(), ...bodies(), ...splits(), ...responses()];
}
