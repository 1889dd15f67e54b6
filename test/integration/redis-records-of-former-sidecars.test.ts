// An upgrade replaces sidecars one after the other, and Redis keeps what the former ones wrote: requests that they accepted are answered
// and taken back by the new ones, and answers that they stored can be fetched. What the new ones write they cannot read, but
// do no harm to either.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Submission } from '../../sidecar/store/record.ts';
import type { Store } from '../../sidecar/store/store.ts';
import { FormerSidecar } from '../support/former-sidecar/former-sidecar.ts';
import { TestRedis } from '../support/redis.ts';
import { claimOne, leaseMs, response, retentionMs, StoreKit, submission, ttlMs } from '../support/stores.ts';

let redis: TestRedis;
let client: Redis;
let kit: StoreKit;
let store: Store;
let former: FormerSidecar;
const kits: StoreKit[] = [];
beforeAll(async () => {
  redis = await TestRedis.start();
  client = new Redis(redis.url);
});
beforeEach(async () => {
  kit = new StoreKit('redis', redis.url);
  kits.push(kit);
  store = await kit.open();
  former = new FormerSidecar(client, kit);
});
afterAll(async () => {
  client.disconnect();
  for (const one of kits) await one.close();
  await redis.stop();
});

const key = (kind: string, id: string) => `${kit.keyPrefix}:${kind}:${id}`;

async function accepted(over: Partial<Submission> = {}): Promise<Submission> {
  const request = submission({ owner: 'me', webhook: 'https://example.com/', ...over });
  await former.submit(request);
  return request;
}

async function answerOf(id: string): Promise<string | null> {
  const result = await store.result(id);
  return result.kind === 'answered' ? Buffer.from(result.response.body).toString() : null;
}

it('what a former sidecar accepted is known, claimed and answered by a new one, and goes after its retention', async () => {
  const request = await accepted();
  const status = await store.status(request.id);
  expect(status).toMatchObject({ state: 'queued', position: 0, owner: 'me', mode: 'async', attempts: 0 });
  expect(await store.submit(request)).toEqual({ kind: 'duplicate' });
  const before = await store.figures();
  expect(before.oldestQueuedAtMs).toBe(status?.createdAtMs);

  const claim = await claimOne(store);
  expect(claim).toMatchObject({ attempt: 1, createdAtMs: status?.createdAtMs, deadlineAtMs: status?.deadlineAtMs });
  const { id, mode, method, target, headers, owner, webhook, ttlMs } = request;
  expect(claim.submission).toMatchObject({ id, mode, method, target, headers, owner, webhook, ttlMs });
  expect(Buffer.from(claim.submission.body).equals(request.body)).toBe(true);
  expect(await store.complete(claim, response())).toBe(true);
  expect(await answerOf(id)).toBe('answer');
  expect(await store.claimDeliveries(1, leaseMs)).toMatchObject([{ webhook, attempt: 1, status: { owner } }]);
  expect(await client.exists(key('p', id))).toBe(0);
  expect(await client.pttl(key('r', id))).toBeGreaterThan(0);

  kit.clock.advance(retentionMs + 1);
  expect(await store.sweep()).toMatchObject({ removed: 1 });
  expect(await store.figures()).toMatchObject({ storedBytes: 0 });
  expect(await store.status(id)).toBeNull();
  // Redis removes it then, by its own clock, whether a sidecar is there or not.
  expect(Number(await client.call('PEXPIRETIME', key('r', id)))).toBe(kit.clock.nowMs() - 1);
});

it('what a former sidecar left running is taken back, and expires when its time is over', async () => {
  const { id } = await accepted();
  await former.claim();
  expect(await store.status(id)).toMatchObject({ state: 'running', attempts: 1 });
  kit.clock.advance(leaseMs + 1);
  expect(await store.sweep()).toMatchObject({ leasesTakenBack: 1 });
  expect(await claimOne(store)).toMatchObject({ id, attempt: 2 });
  kit.clock.advance(600_000);
  await store.sweep();
  expect(await store.status(id)).toMatchObject({ outcome: 'expired' });
});

it('what a former sidecar runs is its own until its lease runs out: looking at it leaves it as it is', async () => {
  const { id } = await accepted();
  const token = await former.claim();
  expect(await store.status(id)).toMatchObject({ state: 'running' });
  expect(await store.renew([{ id, token }], leaseMs)).toEqual(['held']);
  await store.sweep();
  expect(await former.complete(id, token)).toBe(true);
  expect(await answerOf(id)).toBe('answer');
});

it('a cancellation reaches what a former sidecar runs: its answer is refused', async () => {
  const { id } = await accepted();
  const token = await former.claim();
  expect(await store.cancel(id)).toBe('canceled');
  await expect(former.complete(id, token)).rejects.toThrow(/WRONGTYPE/);
  expect(await store.status(id)).toMatchObject({ outcome: 'canceled' });
});

it('an answer that a former sidecar stored can be fetched and deleted, also one under a key of its own', async () => {
  for (const isOldest of [false, true]) {
    const { id } = await accepted();
    expect(await former.complete(id, await former.claim())).toBe(true);
    if (isOldest) await client.rename(key('p', id), key('a', id));
    expect(await answerOf(id)).toBe('answer');
    expect(await client.type(key('r', id))).toBe('hash');
    expect(await store.cancel(id)).toBe('deleted');
    expect(await client.keys(`*${id}`)).toEqual([]);
  }
  expect(await store.figures()).toMatchObject({ storedBytes: 0 });
});

it('a dead letter of a former sidecar can be replayed', async () => {
  const request = await accepted();
  for (let attempt = 1; attempt <= 3; attempt++) {
    await former.claim();
    kit.clock.advance(leaseMs + 1);
    await former.sweep();
  }
  expect(await store.deadLetters(5)).toMatchObject([{ id: request.id, attempts: 3, owner: 'me' }]);
  expect(await store.replay(request.id, 'again')).toMatchObject({ kind: 'accepted' });
  expect(Buffer.from((await claimOne(store)).submission.body).equals(request.body)).toBe(true);
});

it('a former sidecar that meets our records fails whole and drops none of them', async () => {
  const [first, second] = [submission(), submission()];
  await store.submit(first);
  await store.submit(second);
  const running = await claimOne(store);
  await expect(former.claim(2)).rejects.toThrow(/WRONGTYPE/);
  kit.clock.advance(leaseMs + 1);
  await expect(former.sweep()).rejects.toThrow(/WRONGTYPE/);
  expect(await store.figures()).toMatchObject({ queued: 1, running: 1 });
  expect(await store.sweep()).toMatchObject({ leasesTakenBack: 1 });
  expect([(await claimOne(store)).id, (await claimOne(store)).id]).toEqual([running.id, second.id]);
});

it('what a former sidecar accepted by half, because our record stopped it, is accepted when it is sent again', async () => {
  const [ours, theirs] = [submission(), submission()];
  await store.submit(ours);
  await expect(former.submit(theirs, ours)).rejects.toThrow(/WRONGTYPE/);
  expect(await store.submit(theirs)).toMatchObject({ kind: 'accepted' });
  expect([(await claimOne(store)).id, (await claimOne(store)).id]).toEqual([ours.id, theirs.id]);
});

it('what a sidecar accepted that counted its places one by one goes first, with the times that the indexes tell', async () => {
  const [theirs, ours] = [submission(), submission()];
  await store.submit(theirs);
  // As it left them: a small place, and no mark that the time is in it.
  await client.setrange(key('r', theirs.id), 11, Buffer.alloc(8));
  await client.zadd(`${kit.keyPrefix}:waiting`, 7, theirs.id);
  const acceptedAtMs = kit.clock.nowMs();
  kit.clock.advance(5);
  await store.submit(ours);
  const times = { createdAtMs: acceptedAtMs, deadlineAtMs: acceptedAtMs + ttlMs };
  expect(await store.status(theirs.id)).toMatchObject({ position: 0, ...times });
  expect(await store.status(ours.id)).toMatchObject({ position: 1, createdAtMs: acceptedAtMs + 5 });
  const claim = await claimOne(store);
  expect(claim).toMatchObject({ id: theirs.id, attempt: 1, ...times });
  expect(await claimOne(store)).toMatchObject({ id: ours.id, createdAtMs: acceptedAtMs + 5 });
  // Back in line, it keeps its place.
  await store.submit(submission());
  expect(await store.handBack(claim)).toBe(true);
  expect(await claimOne(store)).toMatchObject({ id: theirs.id, ...times });
});
