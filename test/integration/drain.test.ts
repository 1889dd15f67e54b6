// The end of a replica: /drain and SIGTERM finish what is inside and waiting, send newcomers away politely, give back
// async work, and lose nothing.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { RawConnection } from '../support/raw-http.ts';
import { type SidecarSetup, startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
const begin = async (setup: SidecarSetup = {}) => {
  sidecar = await startSidecar(setup);
};
afterEach(() => sidecar.close());

/** As the kubelet does at the end of a pod: both containers' preStop at once, in whatever order. */
const drain = () => {
  const waiting = fetch(`${sidecar.adminUrl}/drain`);
  void fetch(`${sidecar.adminUrl}/drain`, { method: 'POST' });
  return waiting;
};
const admin = async (path: string) => (await fetch(`${sidecar.adminUrl}${path}`)).status;

test('/drain blocks until nothing is inside or waiting; meanwhile newcomers are served with Connection: close, and a probe is told so', async () => {
  await begin();
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  let isDrained = false;
  const drained = drain().then(({ status }) => {
    isDrained = true;
    return status;
  });
  await sidecar.until(({ draining }) => draining);
  expect([await admin('/ready'), await admin('/live'), await admin('/healthz')]).toEqual([200, 200, 200]);
  const newcomer = await RawConnection.open(sidecar.port);
  newcomer.send('GET /echo/newcomer HTTP/1.1', 'Host: a', '', '');
  await sidecar.until(({ waiting }) => waiting === 1);
  expect(isDrained).toBe(false);
  sidecar.model.release('door');
  expect((await inside).headers.get('connection')).toBe('close');
  expect(await newcomer.untilClosed()).toMatch(/^HTTP\/1.1 200 OK[\s\S]*Connection: close/);
  expect(await drained).toBe(200);
});

test('to wait for the end of a drain begins none, and takes nothing from anybody when its time is over', async () => {
  await begin({ settings: { drainSeconds: 1 } });
  const running = { Prefer: 'respond-async', 'X-Inference-Id': 'running' };
  await fetch(`${sidecar.url}/echo?hold=door`, { method: 'POST', body: 'x', headers: running });
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const waited = await fetch(`${sidecar.adminUrl}/drain`);
  expect(waited.status).toBe(503);
  const { draining, queue } = await sidecar.stats();
  expect({ draining, queue }).toMatchObject({ draining: false, queue: { running: 1 } });
  expect(await admin('/ready')).toBe(200);
  sidecar.model.release('door');
});

test('it ends only after a silence: endpoints and keep-alive clients lag behind', async () => {
  await begin({ settings: { drainQuietSeconds: 1 } });
  const startedMs = performance.now();
  const drained = drain();
  await sidecar.until(({ draining }) => draining);
  expect((await fetch(`${sidecar.url}/echo`)).status).toBe(200);
  // Then it is unready for as long again, and serves whoever has not heard of it.
  await eventually(async () => expect(await admin('/ready')).toBe(503));
  expect((await fetch(`${sidecar.url}/echo`)).status).toBe(200);
  expect((await drained).status).toBe(200);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(2_000);
});

/** A stream of two tokens, each let out by hand; its head says that the connection is kept. */
async function beginStream(client: RawConnection): Promise<void> {
  const body = JSON.stringify({ prompt: 'robot', max_tokens: 2, stream: true });
  const path = '/v1/completions?hold-tokens=token';
  client.send(`POST ${path} HTTP/1.1`, 'Host: a', `Content-Length: ${body.length}`, '', body);
  sidecar.model.release('token:0');
  await client.until('keep-alive');
}

test('a connection kept for later ends without a reset', async () => {
  await begin();
  const kept = await RawConnection.open(sidecar.port);
  kept.send('GET /echo/kept HTTP/1.1', 'Host: a', '', '');
  await kept.until('200 OK');
  const drained = drain();
  expect(await kept.untilClosed()).toContain('keep-alive');
  expect((await drained).status).toBe(200);
});

test('a stream that had begun before ends its connection, at once and behind its last byte', async () => {
  await begin({ settings: { drainQuietSeconds: 60 } });
  const streaming = await RawConnection.open(sidecar.port);
  await beginStream(streaming);
  void drain().catch(() => undefined);
  await sidecar.until(({ draining }) => draining);
  const sinceMs = performance.now();
  sidecar.model.release('token:1');
  const all = await streaming.untilClosed();
  expect(all).toMatch(/\[DONE\][\s\S]*\r\n0\r\n\r\n$/);
  // Kept for a moment longer, its client would come back on it.
  expect(performance.now() - sinceMs).toBeLessThan(900);
});

test('a request sent ahead behind such a stream is served, and its answer is the last', async () => {
  await begin({ settings: { drainQuietSeconds: 60 } });
  const client = await RawConnection.open(sidecar.port);
  await beginStream(client);
  client.send('GET /echo/ahead HTTP/1.1', 'Host: a', '', '');
  void drain().catch(() => undefined);
  await sidecar.until(({ draining }) => draining);
  sidecar.model.release('token:1');
  const [, after = ''] = (await client.untilClosed()).split('0\r\n\r\n');
  expect(after).toMatch(/^HTTP\/1.1 200 OK[\s\S]*Connection: close[\s\S]*\/echo\/ahead/);
});

test('who sends on after the last answer reads all of it: no reset takes it away', async () => {
  await begin();
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  void drain().catch(() => undefined);
  await sidecar.until(({ draining }) => draining);
  const client = connect({ port: sidecar.port, host: '127.0.0.1', allowHalfOpen: true });
  const closed = once(client.resume(), 'close');
  client.write('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(client, 'end');
  for (let sent = 0; sent < 3; sent++) {
    client.write('GET /echo/late HTTP/1.1\r\nHost: a\r\n\r\n');
    // It was read, or refused, by the time of this answer.
    await sidecar.stats();
  }
  client.end();
  // `once` rejects where an error, as of a reset, comes first.
  expect(await closed).toEqual([false]);
  sidecar.model.release('door');
  expect((await inside).status).toBe(200);
});

test('who asks for a status or for our health again and again does not keep it from ending', async () => {
  await begin({ settings: { drainQuietSeconds: 1 } });
  const drained = drain();
  let isDrained = false;
  void drained.then(() => {
    isDrained = true;
  });
  const id = { 'X-Inference-Id': 'nobody' };
  for (let asked = 0; !isDrained; asked++) {
    expect(asked).toBeLessThan(1_000);
    const paths = [`${sidecar.url}/status/demo`, `${sidecar.url}/result/demo`, `${sidecar.url}/health`];
    const answers = await Promise.all(paths.map((path) => fetch(path, { headers: id })));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 200]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect((await drained).status).toBe(200);
});

test('/drain returns when the container dies, whose replica lives on and takes callers', async () => {
  await begin({ settings: { drainQuietSeconds: 60 } });
  const drained = drain();
  await sidecar.until(({ draining }) => draining);
  sidecar.model.crash();
  await sidecar.until(({ container }) => container === 'unreachable');
  expect((await drained).status).toBe(200);
  expect((await sidecar.stats()).draining).toBe(false);
  await sidecar.model.restart();
  await sidecar.until(({ container }) => container === 'healthy');
  expect(await admin('/ready')).toBe(200);
});

test.each(['unreachable', 'starting'] as const)(
  '/drain for a container that is %s drains nothing: its callers wait for its restart',
  async (state) => {
    await begin({
      settings: { drainSeconds: 2 },
      isUnready: true,
      ...(state === 'starting' && { model: { health: 'loading' } }),
    });
    if (state === 'unreachable') {
      await sidecar.until(({ container }) => container === 'healthy');
      sidecar.model.crash();
    }
    await sidecar.until(({ container }) => container === state);
    const waiting = fetch(`${sidecar.url}/echo`);
    await sidecar.until((stats) => stats.waiting === 1);
    expect((await drain()).status).toBe(200);
    expect((await sidecar.stats()).draining).toBe(false);
    if (state === 'unreachable') await sidecar.model.restart();
    sidecar.model.setHealth('ok');
    expect((await waiting).status).toBe(200);
  },
);

test('a container that recovers does not end the drain: the pod leaves all the same', async () => {
  await begin();
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const drained = drain();
  await sidecar.until(({ draining }) => draining);
  sidecar.model.setHealth('overloaded');
  await sidecar.until(({ container }) => container === 'unhealthy');
  sidecar.model.setHealth('ok');
  await sidecar.until(({ container }) => container === 'healthy');
  expect((await sidecar.stats()).draining).toBe(true);
  sidecar.model.release('door');
  expect((await inside).status).toBe(200);
  expect((await drained).status).toBe(200);
});

test('waiting async work stays in the queue while draining, and is claimed again afterwards', async () => {
  await begin();
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const drained = drain();
  await sidecar.until(({ draining }) => draining);
  const headers = { Prefer: 'respond-async', 'X-Inference-Id': 'later' };
  expect((await fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'x', headers })).status).toBe(202);
  sidecar.model.release('door');
  await inside;
  await drained;
  expect((await sidecar.stats()).queue).toMatchObject({ queued: 1, running: 0 });
  sidecar.model.crash();
  await sidecar.until(({ container }) => container === 'unreachable');
  await sidecar.model.restart();
  await sidecar.until(({ queue }) => queue?.queued === 0 && queue.running === 0);
  expect(sidecar.model.stats().executions.later).toBe(1);
});

test('who comes when others must know by now is told to come back, so that those inside can finish', async () => {
  await begin({ settings: { drainSeconds: 6 } });
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const drained = drain();
  await sidecar.until(({ draining }) => draining);
  const refused = await eventually(async () => {
    // It would wait in line behind the one inside: only the refusal is answered.
    const answer = await fetch(`${sidecar.url}/echo/newcomer`, { signal: AbortSignal.timeout(500) });
    return answer;
  });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
  expect(await refused.json()).toMatchObject({ code: 'draining' });
  sidecar.model.release('door');
  expect((await inside).status).toBe(200);
  expect((await drained).status).toBe(200);
});

test('SIGTERM: what is inside finishes, then the ports close', async () => {
  await begin();
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const stopped = sidecar.stop();
  await sidecar.until(({ draining }) => draining);
  sidecar.model.release('door');
  expect((await inside).status).toBe(200);
  await stopped;
  await expect(fetch(`${sidecar.url}/echo`)).rejects.toThrow();
  await expect(fetch(`${sidecar.adminUrl}/healthz`)).rejects.toThrow();
});

test('SIGTERM when the container never came, as with an image that cannot be pulled: who waits is told to ask the successor', async () => {
  await begin({ settings: { drainSeconds: 300, upstream: 'http://127.0.0.1:1' }, isUnready: true });
  const waiting = fetch(`${sidecar.url}/echo`);
  await sidecar.until((stats) => stats.waiting === 1);
  const stopped = sidecar.stop();
  const response = await waiting;
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await response.json()).toMatchObject({ code: 'draining' });
  await stopped;
  // All of its time it was in line, and so the answer and the log say.
  expect(Number(/queue;dur=([\d.]+)/.exec(response.headers.get('server-timing') ?? '')?.[1])).toBeGreaterThan(0);
  expect(sidecar.log.find(({ problem }) => problem === 'draining')?.queueMs).toBeGreaterThan(0);
});

test('after drainSeconds the rest is given up: 503 draining with Retry-After, inside and in line', async () => {
  await begin({ settings: { drainSeconds: 1 } });
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const waiting = fetch(`${sidecar.url}/echo`);
  await sidecar.until((stats) => stats.waiting === 1);
  const stopped = sidecar.stop();
  for (const response of await Promise.all([waiting, inside])) {
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ code: 'draining' });
  }
  await stopped;
});

test('who waits for a result is told how it stands before the replica ends, on a connection that ends in order', async () => {
  await begin({ settings: { drainSeconds: 1 } });
  const submit = (id: string, prefer: string) => [
    'POST /hang HTTP/1.1',
    'Host: a',
    'Content-Length: 1',
    `X-Inference-Id: ${id}`,
    `Prefer: ${prefer}`,
    '',
    'x',
  ];
  const submitting = await RawConnection.open(sidecar.port);
  submitting.send(...submit('polled', 'respond-async, wait=60'));
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const polls = await Promise.all(
    ['status', 'result'].map(async (path) => {
      const poll = await RawConnection.open(sidecar.port);
      return poll.send(`GET /${path}/demo HTTP/1.1`, 'Host: a', 'X-Inference-Id: polled', 'Prefer: wait=60', '', '');
    }),
  );
  const stopped = sidecar.stop();
  expect(await submitting.untilClosed()).toMatch(/^HTTP\/1.1 202 [\s\S]*Connection: close[\s\S]*"Id":"polled"/);
  const [status, result] = await Promise.all(polls.map((poll) => poll.untilClosed()));
  expect(status).toMatch(/^HTTP\/1.1 200 [\s\S]*Connection: close[\s\S]*"Status":"(Queue|Inference)"/);
  expect(result).toMatch(/^HTTP\/1.1 202 [\s\S]*Connection: close[\s\S]*"Status":"(Queue|Inference)"/);
  expect([submitting, ...polls].map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  await stopped;
});

test('unfinished async work goes back to the queue without counting the attempt', async () => {
  await begin({ settings: { drainSeconds: 1 } });
  const id = { 'X-Inference-Id': 'unfinished' };
  await fetch(`${sidecar.url}/hang`, { method: 'POST', body: 'x', headers: { Prefer: 'respond-async', ...id } });
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const drained = await drain();
  expect(drained.status).toBe(503);
  await sidecar.until(({ queue }) => queue?.running === 0 && queue.queued === 1);
  const status = await (await fetch(`${sidecar.url}/status/demo`, { headers: id })).json();
  expect(status).toMatchObject({ Status: 'Queue', Attempts: 0 });
});
