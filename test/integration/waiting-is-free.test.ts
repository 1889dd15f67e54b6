// Clients that wait cost the store no more than one of them does: status as event stream, `Prefer: wait` on submit, status and
// result, and recorded streams that are followed; while nothing happens, and while other requests come and go.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { RawConnection } from '../support/raw-http.ts';
import { TestRedis } from '../support/redis.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let redis: TestRedis;
let sidecar: TestSidecar;
let open: RawConnection[] = [];
beforeAll(async () => {
  redis = await TestRedis.start();
});
afterAll(() => redis.stop());
afterEach(async () => {
  for (const connection of open) connection.close();
  open = [];
  await sidecar.close();
});

/** Each kind of wait in turn. Of `held` there is a response later; `streamed` is an event stream that is recorded. */
const waits: readonly (readonly string[])[] = [
  ['GET /status/demo', 'X-Inference-Id: held', 'Accept: text/event-stream'],
  ['GET /result/demo', 'X-Inference-Id: held', 'Prefer: wait=300'],
  ['GET /status/demo', 'X-Inference-Id: held', 'Prefer: wait=300'],
  ['GET /result/demo', 'X-Inference-Id: streamed', 'Accept: text/event-stream'],
  ['POST /echo?hold=door', 'X-Inference-Id: held', 'Prefer: respond-async, wait=300', 'Content-Length: 0'],
];

async function wait(count: number): Promise<void> {
  for (let i = open.length; i < count; i++) {
    const [line, ...headers] = waits[i % waits.length]!;
    const connection = await RawConnection.open(sidecar.port);
    open.push(connection.send(`${line} HTTP/1.1`, 'Host: a', ...headers, '', ''));
  }
  await expect.poll(() => streams().every(({ text }) => text.includes('200 OK')), { timeout: 60_000 }).toBe(true);
}

const streams = () => open.filter((_, i) => i % waits.length === 0 || i % waits.length === 3);

async function begin(store: string, id: string): Promise<void> {
  sidecar = await startSidecar({ settings: { store, concurrency: 8, name: 'demo', namespace: id, maxQueue: 5000 } });
  const submit = (path: string, headers: Record<string, string>, body = '') =>
    fetch(`${sidecar.url}${path}`, { method: 'POST', body, headers: { Prefer: 'respond-async', ...headers } });
  await submit('/echo?hold=door', { 'X-Inference-Id': 'held' });
  const stream = JSON.stringify({ prompt: 'x', max_tokens: 3, stream: true });
  await submit('/v1/completions?hold-tokens=t', { 'X-Inference-Id': 'streamed' }, stream);
  await sidecar.model.when((stats) => stats.inFlight === 2);
  sidecar.model.release('t:0');
}

/** Steps of the store so far, and commands that Redis was sent, subscriptions included. */
async function cost(): Promise<{ readonly steps: number; readonly commands: number }> {
  const metrics = await (await fetch(`${sidecar.adminUrl}/metrics`)).text();
  const counts = metrics.matchAll(/^inference_store_operation_seconds_count\{[^}]*\} (\d+)$/gm);
  const calls = redis.cli('INFO', 'commandstats').matchAll(/^cmdstat_\w+(?:\|\w+)?:calls=(\d+)/gm);
  const sum = (found: Iterable<RegExpMatchArray>) => [...found].reduce((all, [, count]) => all + Number(count), 0);
  return { steps: sum(counts), commands: sum(calls) };
}

async function costOf(work: () => Promise<unknown>) {
  const before = await cost();
  await work();
  const after = await cost();
  return { steps: after.steps - before.steps, commands: after.commands - before.commands };
}

const sixSeconds = () => new Promise((resolve) => setTimeout(resolve, 6_000));

async function othersComeAndGo(): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const others = Array.from({ length: 20 }, () =>
      fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'x', headers: { Prefer: 'respond-async' } }),
    );
    for (const answer of await Promise.all(others)) expect(answer.status).toBe(202);
  }
}

const kinds = ['redis', 'sqlite'] as const;
const address = (kind: (typeof kinds)[number]) => (kind === 'redis' ? redis.url : '');

test.each(kinds)(
  'a thousand clients that wait: as few steps and commands as for one of each (%s)',
  async (kind) => {
    const beganMs = performance.now();
    await begin(address(kind), 'idle');
    await wait(waits.length);
    const one = await costOf(sixSeconds);
    await wait(1_000);
    const thousand = await costOf(sixSeconds);
    // A sweep or two more or less: their period is not exact.
    expect(thousand.steps).toBeLessThan(one.steps + 12);
    expect(thousand.commands).toBeLessThan(one.commands + 100);
    // By the clock alone, whatever else happens.
    const most = Math.floor((performance.now() - beganMs) / 15_000);
    expect(Math.max(...streams().map(({ text }) => text.split(': still').length - 1))).toBeLessThanOrEqual(most);
  },
  120_000,
);

test.each(kinds)(
  'while other requests come and go they cost no more either (%s)',
  async (kind) => {
    await begin(address(kind), 'busy');
    await wait(waits.length);
    await othersComeAndGo();
    const one = await costOf(othersComeAndGo);
    await wait(1_000);
    const thousand = await costOf(othersComeAndGo);
    // How many of them share a step is a matter of time.
    expect(thousand.steps).toBeLessThan(one.steps * 1.5 + 30);
    expect(thousand.commands).toBeLessThan(one.commands * 1.5 + 300);
  },
  120_000,
);

test.each(kinds)(
  'what happens is told to all of a thousand at once, by a look or two (%s)',
  async (kind) => {
    await begin(address(kind), 'told');
    await wait(1_000);
    const told = await costOf(async () => {
      for (const token of [1, 2]) sidecar.model.release(`t:${token}`);
      await expect.poll(() => followers().every(({ text }) => text.includes('[DONE]')), { timeout: 60_000 }).toBe(true);
      sidecar.model.release('door');
      const isOver = ({ text }: RawConnection) => /"Status":"Completed"|"path":"\/echo/.test(text);
      await expect.poll(() => others().filter((each) => !isOver(each)).length, { timeout: 60_000 }).toBe(0);
    });
    // Far below one for each of them.
    expect(told.steps).toBeLessThan(200);
  },
  120_000,
);

const followers = () => open.filter((_, i) => i % waits.length === 3);
const others = () => open.filter((_, i) => i % waits.length !== 3);
