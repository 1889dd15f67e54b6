// Sent to the model server directly and through the sidecar, each request of the corpus gives the same observable result,
// byte for byte, but for what the README says is added or belongs to one connection.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type CorpusCase, corpus } from '../support/http-corpus.ts';
import { type RawResponse, readResponse } from '../support/http-response.ts';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar({ settings: { concurrency: 8 } });
});
afterAll(() => sidecar.close());

/** Of one connection, or added by the sidecar, or the clock. */
const documented =
  /^(connection|keep-alive|transfer-encoding|content-length|date|x-inference-id|server-timing|x-accel-buffering)$/i;
const addedForContainer =
  /^(host|connection|x-forwarded-(for|proto|host|prefix)|via|traceparent|transfer-encoding|content-length|keep-alive)$/i;

async function exchange(port: number, { method, pieces }: CorpusCase): Promise<RawResponse> {
  const connection = await RawConnection.open(port);
  for (const piece of pieces) {
    connection.write(piece);
    if (pieces.length > 1) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  try {
    return await eventually(() => {
      const response = readResponse(connection.bytes, connection.isClosed, method);
      if (response === undefined) throw new Error(`no whole response in ${connection.text.slice(0, 300)}`);
      return response;
    });
  } finally {
    connection.close();
  }
}

function observable({ status, reason, headers, body, trailers, isComplete, interim }: RawResponse) {
  return {
    status,
    reason,
    headers: headers.filter(([name]) => !documented.test(name)),
    body: echoed(body) ?? body.toString('latin1'),
    trailers,
    isComplete,
    interim,
  };
}

/** What /echo says it got, without what the sidecar adds on the way and how the body was framed. */
function echoed(body: Buffer): unknown {
  if (!body.toString('latin1', 0, 10).startsWith('{"method"')) return undefined;
  const echo = JSON.parse(body.toString('utf8')) as { headers: [string, string][] };
  return { ...echo, headers: echo.headers.filter(([name]) => !addedForContainer.test(name)), httpVersion: undefined };
}

const cases = corpus();

test('the corpus is large enough', () => {
  expect(cases.length).toBeGreaterThanOrEqual(150);
});

test.each(cases)('$name', async (each) => {
  const direct = await exchange(sidecar.model.port, each);
  const proxied = await exchange(sidecar.port, each);
  expect(direct.status).toBeGreaterThan(0);
  expect(observable(proxied)).toEqual(observable(direct));
});

/** Where a client may go: after so many bytes of its request, or of the response. */
const body = Buffer.alloc(50_000, 'x');
const upload = Buffer.concat([
  Buffer.from(`POST /sleep?ms=60000 HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`),
  body,
]);
const download = Buffer.from('GET /chunks?count=1000&ms=5&bytes=100 HTTP/1.1\r\nHost: a\r\n\r\n');

test.each([
  ['in the middle of its head', upload.subarray(0, 20), 0, 0],
  ['in the middle of its body', upload.subarray(0, 30_000), 0, 1],
  ['before the answer', upload, 0, 1],
  ['after the head of the answer', download, 1, 1],
  ['in the middle of the answer', download, 2_000, 1],
] as const)('a client that goes %s is the same to the container', async (_, bytes, received, calls) => {
  for (const port of [sidecar.model.port, sidecar.port]) {
    const before = sidecar.model.stats();
    const connection = await RawConnection.open(port);
    connection.write(bytes);
    if (calls > 0) await sidecar.model.when((stats) => stats.total === before.total + calls);
    if (received > 0) await eventually(() => connection.bytes.length >= received);
    connection.close();
    await sidecar.model.when((stats) => stats.inFlight === 0);
    const after = sidecar.model.stats();
    expect(after.aborted.length - before.aborted.length).toBe(calls);
    await sidecar.until(({ inFlight, waiting }) => inFlight === 0 && waiting === 0);
  }
});
