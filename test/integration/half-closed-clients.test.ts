// A client that closes its side behind a whole request (RFC 9112, 9.6) is answered; one that is gone, which looks the same at first, is
// found out at once; one that closes in the middle of a request is told so.
import { afterEach, expect, test } from 'vitest';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
afterEach(() => sidecar.close());

const get = (target: string, version = '1.1') => `GET ${target} HTTP/${version}\r\nHost: a\r\n\r\n`;

/** All that comes back to these bytes and the end of the client's side. */
async function answerTo(
  bytes: string,
  meanwhile: (connection: RawConnection) => Promise<void> | void = () => undefined,
) {
  const connection = await RawConnection.open(sidecar.port);
  connection.write(bytes);
  connection.socket.end();
  await meanwhile(connection);
  return connection.untilClosed();
}

const release = async () => {
  await sidecar.model.when(({ inFlight }) => inFlight === 1);
  sidecar.model.release('door');
};

test.each(['1.1', '1.0'])('a whole request in HTTP/%s is answered', async (version) => {
  sidecar = await startSidecar();
  expect(await answerTo(get('/echo/x', version))).toMatch(/^HTTP\/1.1 200 OK\r\n.*"path":"\/echo\/x"/s);
});

test.each(['1.1', '1.0'])('in HTTP/%s also after a while, and the answer is whole', async (version) => {
  sidecar = await startSidecar();
  const answer = await answerTo(get('/echo/x?hold=door', version), async (connection) => {
    // Bytes of the answer that is not there yet: it was asked whether the client is.
    await connection.until(/^HTT/);
    await release();
  });
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\nContent-Type: .*"path":"\/echo\/x\?hold=door"/s);
  expect(answer.match(/HTTP\/1/g)).toHaveLength(1);
});

test('with its body', async () => {
  sidecar = await startSidecar();
  expect(await answerTo('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi')).toContain('"bodyBytes":2');
});

test('pipelined requests are all answered, in order', async () => {
  sidecar = await startSidecar();
  const answer = await answerTo(get('/echo/1?hold=door') + get('/echo/2') + get('/echo/3'), release);
  expect([...answer.matchAll(/"path":"(.*?)"/g)].map(([, path]) => path)).toEqual([
    '/echo/1?hold=door',
    '/echo/2',
    '/echo/3',
  ]);
});

test('an interim response comes whole', async () => {
  sidecar = await startSidecar();
  const waiting = answerTo(get('/echo?hold=door'), release);
  await sidecar.model.when(({ inFlight }) => inFlight === 1);
  const answer = await answerTo(get('/informational'), (connection) => void connection.until(/^HTT/));
  await waiting;
  expect(answer).toMatch(
    /^HTTP\/1.1 102 Processing\r\n\r\nHTTP\/1.1 103 Early Hints\r\n[Ll]ink: .*\r\n\r\nHTTP\/1.1 200 OK/,
  );
});

test('a stream goes on to its end, over pauses between its chunks', async () => {
  sidecar = await startSidecar();
  const body = JSON.stringify({ prompt: 'x', max_tokens: 3, stream: true });
  const head = `POST /v1/completions?hold-tokens=t HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
  const answer = await answerTo(head + body, async (connection) => {
    await connection.until(/\r\n\r\n0+$/);
    for (const token of [0, 1, 2]) sidecar.model.release(`t:${token}`);
  });
  expect(answer).toMatch(/\r\n\r\n0+[1-9a-f][0-9a-f]*\r\ndata: .*data: \[DONE\]\n\n\r\n0+\r\n\r\n$/s);
});

test('an async request is stored, run, and its client told', async () => {
  sidecar = await startSidecar();
  const submit =
    'POST /echo HTTP/1.1\r\nHost: a\r\nPrefer: respond-async\r\nX-Inference-Id: half\r\nContent-Length: 2\r\n\r\nhi';
  expect(await answerTo(submit)).toMatch(/^HTTP\/1.1 202 .*"Id":"half"/s);
  const long = 'GET /result/demo HTTP/1.1\r\nHost: a\r\nPrefer: wait=30\r\nX-Inference-Id: half\r\n\r\n';
  expect(await answerTo(long)).toMatch(/^HTTP\/1.1 200 .*"bodyBytes":2/s);
});

test.each([
  ['a body of known length', 'Content-Length: 10\r\n\r\nhalf'],
  ['a chunked body', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ['a head', 'X-A'],
])('in the middle of %s: 400, and nothing is done', async (_, rest) => {
  sidecar = await startSidecar();
  const answer = await answerTo(`POST /echo HTTP/1.1\r\nHost: a\r\nPrefer: respond-async\r\n${rest}`);
  expect(answer).toMatch(/^HTTP\/1.1 400 .*"code":"malformed_request"/s);
  expect(sidecar.model.stats().total).toBe(0);
});

test('a request that is cut off behind a whole one does it no harm', async () => {
  sidecar = await startSidecar();
  const answer = await answerTo(
    `${get('/echo/1?hold=door')}POST /echo/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf`,
    release,
  );
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n.*"path":"\/echo\/1\?hold=door".*HTTP\/1.1 400 /s);
});

test.each(['1.1', '1.0'])(
  'a client that is gone is found out at once in HTTP/%s, before there is an answer',
  async (version) => {
    sidecar = await startSidecar();
    const connection = await RawConnection.open(sidecar.port);
    connection.write(get('/echo?hold=door', version));
    await sidecar.until(({ inFlight }) => inFlight === 1);
    connection.close();
    await sidecar.until(({ inFlight }) => inFlight === 0);
    expect(sidecar.model.stats().aborted).toHaveLength(1);
  },
);

test('a client that is gone from a stream which stands still is found out too', async () => {
  sidecar = await startSidecar();
  const body = JSON.stringify({ prompt: 'x', max_tokens: 3, stream: true });
  const connection = await RawConnection.open(sidecar.port);
  connection.write(
    `POST /v1/completions?hold-tokens=t HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await connection.until('\r\n\r\n');
  connection.close();
  await sidecar.until(({ inFlight }) => inFlight === 0);
});
