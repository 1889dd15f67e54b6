// A client that polls while Redis is moved to another node: it is told to ask again, never that its request is over.
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { TestRedis } from '../support/redis.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let redis: TestRedis;
let sidecar: TestSidecar;
afterEach(async () => {
  await sidecar.close();
  await redis.stop();
});

const isReady = async () => (await fetch(`${sidecar.adminUrl}/ready`)).ok;

test('a replica that never reached the store is not ready; one that did stays so for its sync callers', async () => {
  redis = await TestRedis.start();
  await redis.kill();
  sidecar = await startSidecar({ settings: { store: redis.url }, isUnready: true });
  await sidecar.until(({ container }) => container === 'healthy');
  expect(await isReady()).toBe(false);
  await redis.startAgain();
  await eventually(async () => expect(await isReady()).toBe(true));
  await redis.kill();
  await sidecar.until(({ store }) => !store.ok);
  expect(await isReady()).toBe(true);
  expect((await fetch(`${sidecar.url}/echo`)).status).toBe(200);
});

test('status reads Queue with 503 and Retry-After while the store is away, and the truth afterwards', async () => {
  redis = await TestRedis.start();
  sidecar = await startSidecar({ settings: { store: redis.url } });
  const headers = { 'X-Inference-Id': 'patient' };
  const submit = { method: 'POST', body: 'x', headers: { ...headers, Prefer: 'respond-async' } };
  await fetch(`${sidecar.url}/echo?hold=door`, submit);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const ask = () => fetch(`${sidecar.url}/status/demo`, { headers });

  await redis.kill();
  const answer = await ask();
  expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true]);
  expect(await answer.json()).toMatchObject({ Status: 'Queue', Error: expect.stringMatching(/^store_unavailable: /) });

  await redis.startAgain();
  sidecar.model.release('door');
  await eventually(async () => {
    expect(await (await ask()).json()).toMatchObject({ Status: 'Completed', Error: null });
  });
});
