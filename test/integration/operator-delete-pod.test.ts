// kubectl delete pod under load, each replica in turn: nobody who called is refused or cut off, and every accepted request is answered.
// The only pod of a deployment: operator-sole-pod-listens.test.ts.
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

const pods = async () => (await world.json<List<Pod>>('get', 'pods', '-l', 'inference-operator.dev/name=twins')).items;
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
