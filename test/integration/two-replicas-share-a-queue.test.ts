// Several replicas before one Redis: each request runs once, any replica answers for it, cancels it, or takes it over.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { echo, hanging, startReplica, stopReplicas } from '../support/queue-replica.ts';
import { TestRedis } from '../support/redis.ts';
import { submission } from '../support/stores.ts';

let redis: TestRedis;
let name = '';
let count = 0;
beforeAll(async () => {
  redis = await TestRedis.start();
});
afterAll(() => redis.stop());
afterEach(stopReplicas);

const replica = (options: Partial<Parameters<typeof startReplica>[0]>) =>
  startReplica({ call: echo, store: redis.url, name, ...options });

it('each request runs once, and the load spreads over replicas with free slots', async () => {
  name = `shared${count++}`;
  const runs = new Map<string, number[]>();
  const { promise: allAtWork, resolve: nobodyIdle } = Promise.withResolvers<void>();
  const working = (nr: number) => async (claim: Parameters<typeof echo>[0], call: Parameters<typeof echo>[1]) => {
    runs.set(claim.id, [...(runs.get(claim.id) ?? []), nr]);
    if (new Set([...runs.values()].flat()).size === 3) nobodyIdle();
    await allAtWork;
    return echo(claim, call);
  };
  const [a] = await Promise.all([0, 1, 2].map((nr) => replica({ slots: 2, call: working(nr) })));
  const requests = Array.from({ length: 60 }, (_, i) => submission({ body: Buffer.from(`${i}`) }));
  await Promise.all(requests.map((request) => a?.queue.submit(request)));
  for (const { id } of requests) await a?.queue.waitUntilDone(id, 40_000, new AbortController().signal);
  expect([...runs.values()].every((by) => by.length === 1)).toBe(true);
  expect(runs.size).toBe(60);
  expect(new Set([...runs.values()].flat()).size).toBe(3);
});

it('a running request is canceled through another replica: the container’s connection closes at once', async () => {
  name = `shared${count++}`;
  let isAborted = false;
  // Renewal, which would tell as well, comes after a third of the lease: long after this test.
  const settings = { SIDECAR_LEASE_SECONDS: '3600' };
  const worker = await replica({ call: hanging(() => (isAborted = true)), settings });
  const other = await replica({ slots: 0 });
  const { id } = submission();
  await other.queue.submit(submission({ id }));
  await eventually(async () => (await other.queue.status(id))?.state === 'running');
  expect(await other.queue.cancel(id)).toBe('canceled');
  await eventually(() => isAborted);
  await eventually(() => worker.gate.free === 4);
  expect(await other.queue.status(id)).toMatchObject({ state: 'done', outcome: 'canceled', error: 'canceled' });
});

it('a replica that stops hands its work to the others, the attempt not counted', async () => {
  name = `shared${count++}`;
  const leaving = await replica({ call: hanging() });
  const { id } = submission();
  await leaving.queue.submit(submission({ id }));
  await eventually(() => leaving.service.running === 1);
  const staying = await replica({});
  await leaving.service.handBack();
  expect(leaving.service.running).toBe(0);
  await staying.queue.waitUntilDone(id, 40_000, new AbortController().signal);
  expect(await staying.queue.status(id)).toMatchObject({ outcome: 'answered', attempts: 1 });
});

it('a paused replica claims nothing and finishes what it has; resumed it claims again', async () => {
  name = `shared${count++}`;
  let finish: () => void = () => undefined;
  const slow: typeof echo = async (claim, call) => {
    if (claim.attempt === 1 && claim.submission.target === '/slow')
      await new Promise<void>((resolve) => (finish = resolve));
    return echo(claim, call);
  };
  const one = await replica({ call: slow });
  const [first, second] = [submission({ target: '/slow' }), submission()];
  await one.queue.submit(first);
  await eventually(() => one.service.running === 1);
  one.service.pause();
  await one.queue.submit(second);
  finish();
  await one.queue.waitUntilDone(first.id, 40_000, new AbortController().signal);
  expect(await one.queue.status(second.id)).toMatchObject({ state: 'queued', position: 0 });
  one.service.resume();
  await one.queue.waitUntilDone(second.id, 40_000, new AbortController().signal);
  expect(await one.queue.status(second.id)).toMatchObject({ outcome: 'answered' });
});

it('a lease that is renewed is never lost, however long the container works', async () => {
  name = `shared${count++}`;
  const calls: number[] = [];
  let renewals = 0;
  const { promise: renewedOften, resolve: finish } = Promise.withResolvers<void>();
  const slow: typeof echo = async (claim, call) => {
    calls.push(claim.attempt);
    await renewedOften;
    return echo(claim, call);
  };
  // A renewal each second, so that the work takes longer than a lease.
  const settings = { SIDECAR_LEASE_SECONDS: '3' };
  const storeLatency = (step: string) => {
    if (step === 'renew' && ++renewals === 5) finish();
  };
  const replicas = [1, 2].map(() => replica({ call: slow, settings, observer: { storeLatency } }));
  const [one] = await Promise.all(replicas);
  const request = submission();
  await one?.queue.submit(request);
  await one?.queue.waitUntilDone(request.id, 40_000, new AbortController().signal);
  expect(await one?.queue.status(request.id)).toMatchObject({ outcome: 'answered', attempts: 1 });
  expect(calls).toEqual([1]);
});

it('work wakes a resting replica without polling', async () => {
  name = `shared${count++}`;
  const submitting = await replica({ slots: 0 });
  const working = await replica({ times: { safetyPollMs: 60_000 } });
  await working.queue.figures();
  for (let i = 0; i < 5; i++) {
    const request = submission();
    await submitting.queue.submit(request);
    await submitting.queue.waitUntilDone(request.id, 40_000, new AbortController().signal);
    expect(await submitting.queue.status(request.id)).toMatchObject({ outcome: 'answered' });
  }
});
