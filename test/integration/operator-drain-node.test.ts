// kubectl drain of a node under load: the budget for evictions lets one replica go at a time, its successor comes up elsewhere, nobody
// who called is refused or cut off, and every accepted request is answered.
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
  // Both replicas start on the one node with GPUs free; the other is opened before the drain.
  world = await startWorld({
    nodes: [
      { name: 'old-node', gpus: { count: 2 } },
      { name: 'new-node', gpus: { count: 2 } },
    ],
  });
  await world.startOperator({ OPERATOR_STORE_URL: `redis://${hostName}:${redis.port}` });
});
afterAll(async () => {
  callers?.kill();
  await world?.close();
  await redis?.stop();
});

const nodesOfPods = async () => {
  const { items } = await world.json<List<Pod>>('get', 'pods', '-l', 'inference-operator.dev/name=movers');
  return items.map(({ spec }) => spec.nodeName);
};

test('a drained node loses no request', async () => {
  await world.kubectl('cordon', 'new-node');
  const queue = { store: 'redis', requestTtlSeconds: 120 };
  await world.apply(echo('movers', { replicas: 2, gpu: { count: 1 }, queue }));
  await world.until('movers', ({ status }) => status?.phase === 'Healthy' && status.ready === '2/2');
  expect(await nodesOfPods()).toEqual(['old-node', 'old-node']);
  await world.kubectl('uncordon', 'new-node');
  const load = startServiceCallers(world.api.kubeconfigPath, 'movers');
  callers = load;
  await eventually(() => load.now().sync > 0);
  await world.kubectl('drain', 'old-node', '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=150s');
  await world.until('movers', ({ status }) => status?.phase === 'Healthy' && status.replicas === 2);
  expect(await nodesOfPods()).toEqual(['new-node', 'new-node']);
  const { failures, ...answered } = await load.stop();
  console.log(`answered while the node was drained: ${JSON.stringify(answered)}`);
  expect(failures).toEqual([]);
  expect(Math.min(answered.sync, answered.stream, answered.async)).toBeGreaterThan(0);
});
