// Whom the Service publishes as pods become ready, stop being so and leave: the writes of a reconcile, and their order.
import { expect, test } from 'vitest';
import { pod } from '../support/pods.ts';
import { stable } from '../support/reconcile-world.ts';

test('the Service opens to pods that are not ready, and closes again once one is', async () => {
  const world = await stable();
  const published = () =>
    (world.client.objects.get('Service/llama') as unknown as { spec: { publishNotReadyAddresses: boolean } }).spec
      .publishNotReadyAddresses;
  expect(published()).toBe(true);
  world.has(pod());
  await world.reconcile();
  expect(published()).toBe(false);
});

test('of the leaving pods only one that still serves stays in the Service until others are published', async () => {
  const world = await stable();
  world.has(pod());
  await world.reconcile();
  world.client.writes.length = 0;
  const deletionTimestamp = '2026-01-01T00:00:00Z';
  const unready = pod({ ready: false });
  const serving = pod({ name: 'serving', deletionTimestamp });
  const ended = pod({ name: 'ended', ready: false, deletionTimestamp });
  world.has({ ...unready, metadata: { ...unready.metadata, resourceVersion: '2' } }, serving, ended);
  await world.reconcile();
  const writes = world.client.summary.filter((write) => /(Pod|Service)\//.test(write));
  expect(writes).toEqual(['patch Pod/ended', 'patch Service/llama', 'patch Pod/serving']);
});
