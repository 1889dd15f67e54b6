// What the queue does when the container gives no response, on the embedded store: retries, dead letters, the breaker, deadlines.
import { afterEach, expect, it } from 'vitest';
import type { CallContainer } from '../../sidecar/queue/parts.ts';
import { eventually } from '../support/eventually.ts';
import { echo, hanging, startReplica, stopReplicas } from '../support/queue-replica.ts';
import { submission } from '../support/stores.ts';

afterEach(stopReplicas);

const done = (queue: { waitUntilDone(id: string, ms: number, signal: AbortSignal): Promise<unknown> }, id: string) =>
  queue.waitUntilDone(id, 15_000, new AbortController().signal);
const reset: CallContainer = () => Promise.resolve({ kind: 'no_response', code: 'upstream_reset', message: 'gone' });

it('tries again until it works', async () => {
  const failsTwice: CallContainer = (claim, call) => (claim.attempt < 3 ? reset(claim, call) : echo(claim, call));
  const retried: string[] = [];
  const { queue } = await startReplica({ call: failsTwice, observer: { retried: (code) => retried.push(code) } });
  const request = submission();
  await queue.submit(request);
  await done(queue, request.id);
  expect(await queue.status(request.id)).toMatchObject({ outcome: 'answered', attempts: 3 });
  expect(retried).toEqual(['upstream_reset', 'upstream_reset']);
});

it('sets a request aside after its last attempt; replayed it is a new request with the same content', async () => {
  let isBroken = true;
  const call: CallContainer = (claim, c) => (isBroken ? reset(claim, c) : echo(claim, c));
  const { queue } = await startReplica({ call });
  const request = submission({ body: Buffer.from('precious') });
  await queue.submit(request);
  await done(queue, request.id);
  expect(await queue.status(request.id)).toMatchObject({
    outcome: 'failed',
    attempts: 3,
    error: 'upstream_reset: gone',
  });
  expect(await queue.deadLetters(10)).toMatchObject([{ id: request.id }]);
  isBroken = false;
  const replayed = await queue.replay(request.id);
  expect(replayed?.outcome).toMatchObject({ kind: 'accepted' });
  await done(queue, replayed?.id ?? '');
  const result = await queue.result(replayed?.id ?? '');
  expect(result.kind === 'answered' && Buffer.from(result.response.body).toString()).toBe('precious');
  expect(await queue.deadLetters(10)).toEqual([]);
});

it('a request that never reached the container waits on, no attempt counted', async () => {
  let refusals = 0;
  const call: CallContainer = (claim, c) =>
    refusals++ < 8
      ? Promise.resolve({ kind: 'no_response', code: 'upstream_unreachable', message: 'refused' })
      : echo(claim, c);
  const { queue } = await startReplica({ call });
  const request = submission();
  await queue.submit(request);
  await done(queue, request.id);
  expect(await queue.status(request.id)).toMatchObject({ outcome: 'answered', attempts: 1 });
});

it('stops claiming after failures in a row, asks for health, and goes on when it is back', async () => {
  let isBroken = true;
  let calls = 0;
  let probes = 0;
  const states: string[] = [];
  const call: CallContainer = (claim, c) => {
    calls++;
    return isBroken ? reset(claim, c) : echo(claim, c);
  };
  const probe = (): Promise<boolean> => {
    probes++;
    return Promise.resolve(!isBroken);
  };
  const { queue } = await startReplica({
    call,
    probe,
    slots: 1,
    settings: { SIDECAR_MAX_ATTEMPTS: '100' },
    observer: { breaker: (state) => states.push(state) },
  });
  const requests = Array.from({ length: 20 }, () => submission());
  for (const request of requests) await queue.submit(request);
  await eventually(() => probes >= 3);
  expect(calls).toBe(5);
  expect(states).toEqual(['open']);
  isBroken = false;
  for (const { id } of requests) await done(queue, id);
  expect(states).toEqual(['open', 'probing', 'closed']);
  expect(await queue.figures()).toMatchObject({ queued: 0, running: 0, deadLetters: 0 });
});

it('a request that probes a broken container opens the breaker again, with a longer pause', async () => {
  const states: string[] = [];
  const { queue } = await startReplica({
    call: reset,
    slots: 4,
    settings: { SIDECAR_MAX_ATTEMPTS: '100' },
    observer: { breaker: (state) => states.push(state) },
  });
  for (let i = 0; i < 10; i++) await queue.submit(submission());
  await eventually(() => states.filter((state) => state === 'probing').length >= 3);
  expect(states.slice(0, 5)).toEqual(['open', 'probing', 'open', 'probing', 'open']);
});

it('a running request that passes its deadline is stopped and ends expired', async () => {
  const aborted: string[] = [];
  const ends: unknown[] = [];
  const { queue, gate } = await startReplica({
    call: hanging((id) => aborted.push(id)),
    observer: { ended: (end) => ends.push(end) },
  });
  const request = submission({ ttlMs: 300 });
  await queue.submit(request);
  await done(queue, request.id);
  const status = await queue.status(request.id);
  expect(status).toMatchObject({ outcome: 'expired' });
  expect(status?.error).toMatch(/^expired: /);
  await eventually(() => aborted.length === 1 && gate.free === 4);
  expect(ends).toEqual([{ id: request.id, outcome: 'expired', code: 'request_expired' }]);
});

it('a response that is too large to keep is a failure that says so', async () => {
  const { queue } = await startReplica({ call: () => Promise.resolve({ kind: 'too_large', limitBytes: 5 }) });
  const request = submission();
  await queue.submit(request);
  await done(queue, request.id);
  const status = await queue.status(request.id);
  expect(status).toMatchObject({ outcome: 'failed', attempts: 1 });
  expect(status?.error).toMatch(/^upstream_too_large: .* 5 bytes/);
});

it('tells the wait from the measured rate and refuses what cannot be reached in time', async () => {
  const slow: CallContainer = async (claim, call) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return echo(claim, call);
  };
  const { queue } = await startReplica({ call: slow, slots: 1 });
  const requests = Array.from({ length: 12 }, () => submission());
  for (const request of requests) await queue.submit(request);
  for (const { id } of requests) await done(queue, id);
  await eventually(() => queue.estimateWaitSeconds(0) !== null);
  // At most twenty a second, if the machine is quick.
  expect(queue.estimateWaitSeconds(199)).toBeGreaterThanOrEqual(9);
  expect(queue.estimateWaitSeconds(0)).toBe(1);
  // In one turn, so that they wait whatever the disk needs for each.
  await Promise.all(Array.from({ length: 60 }, () => queue.submit(submission())));
  expect(await queue.submit(submission({ ttlMs: 200 }))).toMatchObject({ kind: 'unreachable' });
  expect(await queue.submit(submission({ ttlMs: 600_000 }))).toMatchObject({ kind: 'accepted' });
});
