// Whatever of our own code throws while clients and the container are served: it is one request's failure, or one connection's, and a
// line in the log. The process goes on, serves the next, and keeps no slot and no place.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';
import { type OwnMethod, ownMethods } from '../support/faults-of-our-own.ts';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
let methods: readonly OwnMethod[];
const uncaught: unknown[] = [];
const catchIt = (error: unknown): void => void uncaught.push(error);

beforeAll(async () => {
  methods = await ownMethods('sidecar/ingress', 'sidecar/gate', 'sidecar/upstream', 'sidecar/prefer');
  sidecar = await startSidecar({
    settings: { concurrency: 4, requestTtlSeconds: 3, idleTimeoutSeconds: 3, healthPeriodSeconds: 1 },
    limits: { headersTimeoutMs: 1_000, keepAliveMs: 1_000, bodySilenceMs: 1_000 },
  });
  process.prependListener('uncaughtException', catchIt);
  await Promise.all(traffic());
}, 60_000);
afterAll(async () => {
  process.off('uncaughtException', catchIt);
  await sidecar.close();
});

const TIME_MS = 5_000;

/** One of each kind. How they end does not matter here, but that they do. */
function traffic(): readonly Promise<unknown>[] {
  const { url } = sidecar;
  const id = `id-${Math.random().toString(36).slice(2)}`;
  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(TIME_MS) }).then((response) => response.text());
  const prefer = (value: string) => ({ Prefer: value, 'X-Inference-Id': id });
  const stream = JSON.stringify({ prompt: 'x', max_tokens: 2, stream: true });
  const accepted = call('/echo', { method: 'POST', body: 'x', headers: prefer('respond-async, wait=2') });
  return [
    call('/echo'),
    call('/v1/completions', { method: 'POST', body: stream }),
    call('/trailers'),
    call('/informational'),
    call('/reset'),
    call('/health'),
    call('/nowhere', { method: 'OPTIONS' }),
    accepted,
    accepted.finally(() => call('/result/demo', { headers: prefer('wait=1') })),
    accepted.finally(() => call('/status/demo', { headers: { ...prefer(''), Accept: 'text/event-stream' } })),
    written('POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n', '0\r\nT: 1\r\n\r\n'),
    written('GET /echo HTTP/1.1\r\nHost: a\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\n\r\n', 'nonsense\r\n\r\n'),
    written('POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n', 'x'),
    written('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', ''),
    webSocket(),
  ].map((each) => each.catch(() => undefined));
}

/** Leaves in the middle of whatever comes of it. */
async function written(first: string, then: string): Promise<void> {
  const connection = await RawConnection.open(sidecar.port);
  connection.write(first);
  await new Promise((resolve) => setTimeout(resolve, 20));
  connection.write(then);
  await new Promise((resolve) => setTimeout(resolve, 20));
  connection.close();
}

function webSocket(): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${sidecar.port}/ws`, { handshakeTimeout: TIME_MS });
    socket
      .on('open', () => socket.send('hello'))
      .on('message', () => socket.close())
      .on('error', () => resolve())
      .on('close', () => resolve());
    setTimeout(() => socket.terminate(), TIME_MS).unref();
  });
}

test('whatever method throws', async () => {
  const wrong: string[] = [];
  let thrown = 0;
  for (const method of methods.filter(({ hasBeenCalled }) => hasBeenCalled)) {
    const words = `a fault in ${method.name}`;
    method.throwOnce(new Error(words));
    await Promise.all(traffic());
    if (!method.disarm()) continue;
    thrown++;
    const what = await consequences(words);
    if (what !== '') wrong.push(`${method.name}: ${what}`);
  }
  expect(wrong).toEqual([]);
  expect(thrown).toBeGreaterThan(50);
}, 600_000);

/** Empty: one request failed, the log says why, and all is as before. */
async function consequences(words: string): Promise<string> {
  if (uncaught.splice(0).length > 0) return 'nobody caught it';
  if (!sidecar.log.some((line) => JSON.stringify(line).includes(words))) return 'the log does not say so';
  try {
    await sidecar.until(({ inFlight, waiting }) => inFlight === 0 && waiting === 0);
  } catch (error) {
    return `a slot or a place is left: ${error}`;
  }
  const next = await eventually(() => fetch(`${sidecar.url}/echo`, { signal: AbortSignal.timeout(TIME_MS) }));
  return next.status === 200 ? '' : `the next is answered ${next.status}`;
}
