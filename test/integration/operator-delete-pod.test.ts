// kubectl delete pod under load, each replica in turn, then the only one: nobody who called is refused or cut off, and every accepted
// request is answered.
import { afterAll, beforeAll, expect } from 'vitest';
import { ensureRedisServer, type RedisServer, startRedisServer } from '../../dev/tools/redis-server.ts';
import type { List, Pod } from '../../operator/api/kubernetes.ts';
import { eventually } from '../support/eventually.ts';
import { echo, hostName, startWorld, type World } from '../support/operator-world.ts';
import { startServiceCallers } from '../support/service-callers.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('services');
let world: World;
let redis: RedisServer;
let callers: ReturnType<typeof startServiceCallers> | undefined;
beforeAll(async () => {
  ensureRedisServer();
  redis = await startRedisServer();
  world = await startWorld({ nodes: [{ name: 'node-1' }] });
  await world.startOperator({ OPERATOR_STORE_URL: `redis://${hostName}:${redis.port}` });
});
afterAll(async () => {
  callers?.kill();
  await world?.close();
  await redis?.stop();
});

const podsOf = async (name: string) =>
  (await world.json<List<Pod>>('get', 'pods', '-l', `inference-operator.dev/name=${name}`)).items;
const pods = () => podsOf('twins');
const bothReady = () =>
  world.until('twins', ({ status }) => status?.phase === 'Healthy' && status.ready === '2/2' && status.replicas === 2);

test('deleted pods lose no request', async () => {
  await world.apply(echo('twins', { replicas: 2, queue: { store: 'redis', requestTtlSeconds: 120 } }));
  await bothReady();
  const load = startServiceCallers(world.api.kubeconfigPath, 'twins');
  callers = load;
  await eventually(() => load.now().sync > 0);
  const before = await pods();
  for (const { metadata } of before) {
    const { sync, stream, async } = load.now();
    await world.kubectl('delete', 'pod', metadata.name, '--wait=false');
    await eventually(async () => expect((await pods()).map((pod) => pod.metadata.name)).not.toContain(metadata.name), {
      deadlineMs: 90_000,
    });
    await bothReady();
    await eventually(() => {
      const now = load.now();
      return now.sync > sync && now.stream > stream && now.async > async;
    });
  }
  const { failures, ...answered } = await load.stop();
  console.log(`answered while both pods were deleted: ${JSON.stringify(answered)}`);
  expect(failures).toEqual([]);
});

test('the only pod, deleted, leaves its callers to a successor whose model still loads', async () => {
  // The model loads for longer than newcomers are welcome at the one that leaves.
  const container = { image: 'inference-operator/echo', args: ['--load-seconds', '20'] };
  const queue = { store: 'redis', requestTtlSeconds: 120 };
  await world.apply(echo('sole', { container, queue, shutdownGraceSeconds: 20 }));
  await world.until('sole', ({ status }) => status?.phase === 'Healthy');
  const load = startServiceCallers(world.api.kubeconfigPath, 'sole');
  callers = load;
  await eventually(() => load.now().sync > 0);
  const [before] = await podsOf('sole');
  await world.kubectl('delete', 'pod', before!.metadata.name, '--wait=false');
  await world.until('sole', ({ status }) => status?.phase !== 'Healthy');
  await world.until('sole', ({ status }) => status?.phase === 'Healthy');
  const { sync } = load.now();
  await eventually(() => load.now().sync > sync);
  const { failures, ...answered } = await load.stop();
  console.log(`answered while the only pod was deleted: ${JSON.stringify(answered)}`);
  expect(failures).toEqual([]);
  expect((await podsOf('sole')).map(({ metadata }) => metadata.name)).not.toContain(before!.metadata.name);
});
