// What one claim carries: at most 64 MiB of requests, however much is stored, so that neither Redis nor the sidecar holds more.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestRedis } from '../support/redis.ts';
import { leaseMs, response, StoreKit, submission } from '../support/stores.ts';

const MiB = 1024 * 1024;
let redis: TestRedis;
let kit: StoreKit;
beforeAll(async () => {
  redis = await TestRedis.start({});
  kit = new StoreKit('redis', redis.url);
});
afterAll(async () => {
  await kit.close();
  await redis.stop();
});

it('large requests are claimed in their order, a claim full at a time, and come as they were', async () => {
  const store = await kit.open();
  const sent = [30, 30, 30, 0].map((size, i) => submission({ body: Buffer.alloc(size * MiB + 1, i + 1) }));
  for (const one of sent) await store.submit(one);
  const claim = () => store.claim({ max: 8, worker: 'test', leaseMs });
  const [first, second] = [await claim(), await claim()];
  expect(first.isMoreDue).toBe(true);
  expect(second.isMoreDue).toBe(false);
  const claimed = [...first.claims, ...second.claims];
  expect([first.claims.length, second.claims.length]).toEqual([2, 2]);
  expect(claimed.map(({ id }) => id)).toEqual(sent.map(({ id }) => id));
  for (const [i, { submission: got }] of claimed.entries()) {
    expect(Buffer.compare(got.body, sent[i]?.body ?? Buffer.of())).toBe(0);
  }
  for (const one of claimed) expect(await store.complete(one, response())).toBe(true);
  const { storedBytes, running, queued } = await store.figures();
  expect([running, queued]).toEqual([0, 0]);
  expect(storedBytes).toBeLessThan(1000);
});
