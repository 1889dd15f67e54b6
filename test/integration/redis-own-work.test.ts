// A replica with a free slot claims what it has just put in line without being told by Redis: its claim goes with the submission. Others
// are told, and so is it where its own claim came too early.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Store } from '../../sidecar/store/store.ts';
import { TestRedis } from '../support/redis.ts';
import { leaseMs, StoreKit, submission, submitAndClaim } from '../support/stores.ts';

let redis: TestRedis;
let client: Redis;
let kit: StoreKit;
const kits: StoreKit[] = [];
beforeAll(async () => {
  redis = await TestRedis.start();
  client = new Redis(redis.url);
});
beforeEach(() => {
  kit = new StoreKit('redis', redis.url);
  kits.push(kit);
});
afterAll(async () => {
  client.disconnect();
  for (const one of kits) await one.close();
  await redis.stop();
});

/** As the worker does: claims whenever it hears of work. Returns what it was given, claim by claim. */
function claiming(store: Store): readonly (readonly string[])[] {
  const given: string[][] = [];
  store.onWork(() => {
    const slot: string[] = [];
    given.push(slot);
    void store
      .claim({ max: 8, worker: 'test', leaseMs })
      .then(({ claims }) => slot.push(...claims.map(({ id }) => id)));
  });
  return given;
}

/** All that Redis has told by now has been heard. */
async function heard(store: Store): Promise<void> {
  const sentinel = `told-${Math.random()}`;
  let isTold = false;
  store.onCanceled((id) => {
    isTold ||= id === sentinel;
  });
  // Again until it is heard: a store that was just opened may not listen yet.
  await expect
    .poll(async () => {
      await client.publish(`${kit.keyPrefix}:cancel`, sentinel);
      return isTold;
    })
    .toBe(true);
}

it('its claim goes with the submission: one claim, which finds it, and no second for its own message', async () => {
  const store = await kit.open();
  // Redis knows the steps from now on.
  await submitAndClaim(store);
  await heard(store);
  const given = claiming(store);
  const { id } = submission();
  await store.submit(submission({ id }));
  await heard(store);
  expect(given).toEqual([[id]]);
});

it('other replicas hear of it', async () => {
  const [one, other] = [await kit.open(), await kit.open()];
  await heard(other);
  const given = claiming(other);
  const { id } = submission();
  await one.submit(submission({ id }));
  await expect.poll(() => given).toEqual([[id]]);
});

it('where Redis did not know the step, and so did it after the claim, another claim finds it', async () => {
  const store = await kit.open();
  await store.claim({ max: 1, worker: 'test', leaseMs });
  await heard(store);
  await client.script('FLUSH');
  await store.claim({ max: 1, worker: 'test', leaseMs });
  const given = claiming(store);
  const { id } = submission();
  await store.submit(submission({ id }));
  await expect.poll(() => given).toEqual([[], [id]]);
});
