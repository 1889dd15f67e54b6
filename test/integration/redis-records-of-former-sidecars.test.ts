// An upgrade replaces sidecars one after the other, and Redis keeps what the former ones wrote: requests that they accepted are answered
// and taken back by the new ones, and answers that they stored can be fetched. Their records differ in two points, put back here by hand:
// they lack `u` (until when their keys live), and an answer lies under a key of its own.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestRedis } from '../support/redis.ts';
import { claimOne, leaseMs, response, StoreKit, submitAndClaim } from '../support/stores.ts';

let redis: TestRedis;
let client: Redis;
let kit: StoreKit;
beforeAll(async () => {
  redis = await TestRedis.start();
  client = new Redis(redis.url);
  kit = new StoreKit('redis', redis.url);
});
afterAll(async () => {
  client.disconnect();
  await kit.close();
  await redis.stop();
});

const asOfOld = async (id: string) => {
  const removed = await client.hdel(`${kit.keyPrefix}:r:${id}`, 'u');
  expect(removed).toBe(1);
};

it('what a former sidecar accepted is answered by a new one, and goes after its retention', async () => {
  const store = await kit.open();
  const { claim, id } = await submitAndClaim(store);
  await asOfOld(id);
  expect(await store.complete(claim, response())).toBe(true);
  expect(await store.result(id)).toMatchObject({ kind: 'answered' });
  expect(await client.pttl(`${kit.keyPrefix}:r:${id}`)).toBeGreaterThan(0);
});

it('what a former sidecar left running is taken back, and expires when its time is over', async () => {
  const store = await kit.open();
  const { id } = await submitAndClaim(store);
  await asOfOld(id);
  kit.clock.advance(leaseMs + 1);
  expect(await store.sweep()).toMatchObject({ leasesTakenBack: 1 });
  expect((await claimOne(store)).id).toBe(id);
  kit.clock.advance(600_000);
  await store.sweep();
  expect(await store.status(id)).toMatchObject({ outcome: 'expired' });
});

it('an answer that a former sidecar stored can be fetched', async () => {
  const store = await kit.open();
  const { claim, id } = await submitAndClaim(store);
  await store.complete(claim, response());
  await client.rename(`${kit.keyPrefix}:p:${id}`, `${kit.keyPrefix}:a:${id}`);
  const result = await store.result(id);
  expect(result.kind === 'answered' && Buffer.from(result.response.body).toString()).toBe('answer');
});
