// Scaling through the scale subresource, as kubectl, HPA and KEDA do it: up, down with the least busy pod first, to zero and back.
import { afterAll, beforeAll, expect } from 'vitest';
import { ensureRedisServer, type RedisServer, startRedisServer } from '../../dev/tools/redis-server.ts';
import type { List, Pod } from '../../operator/api/kubernetes.ts';
import { eventually } from '../support/eventually.ts';
import { echo, hostName, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('pods');
let world: World;
let redis: RedisServer;
beforeAll(async () => {
  ensureRedisServer();
  redis = await startRedisServer();
  world = await startWorld({ nodes: [{ name: 'node-1' }] });
  await world.startOperator({ OPERATOR_STORE_URL: `redis://${hostName}:${redis.port}` });
});
afterAll(async () => {
  await world?.close();
  await redis?.stop();
});

const pods = async () => (await world.json<List<Pod>>('get', 'pods', '-l', 'inference-operator.dev/name=wide')).items;
const living = async () => (await pods()).filter(({ metadata }) => metadata.deletionTimestamp === undefined);

test('kubectl scale up: more pods, a budget for evictions, one store for all', async () => {
  await world.apply(echo('wide', { concurrency: 2, queue: { store: 'redis', requestTtlSeconds: 30 } }));
  await world.until('wide', ({ status }) => status?.phase === 'Healthy');
  await world.kubectl('scale', 'infdep/wide', '--replicas=2');
  const both = await world.until('wide', ({ status }) => status?.phase === 'Healthy' && status.ready === '2/2');
  expect(both.status?.conditions?.find(({ type }) => type === 'StoreReady')).toMatchObject({
    status: 'True',
    message: expect.stringContaining('redis'),
  });
  await world.kubectl('get', 'pdb', 'wide');
  const path = '/apis/inference-operator.dev/v1alpha1/namespaces/default/inferencedeployments/wide/scale';
  const scale = JSON.parse(await world.kubectl('get', '--raw', path)) as { status: object };
  expect(scale.status).toEqual({ replicas: 2, selector: 'inference-operator.dev/name=wide' });
});

test('queue figures reach status while requests are inside', async () => {
  const [pod] = await living();
  const held = hold(pod!, 'figures');
  await world.until('wide', ({ status }) => status?.inFlight === 1);
  await held.release();
  await world.until('wide', ({ status }) => status?.inFlight === 0);
});

test('scaling down takes the idle pod, and the request in the busy one is answered', async () => {
  const [first, second] = await living();
  // The busy one is the younger: without costs it would be the first to go.
  const [older, younger] = [first!, second!].sort(
    (a, b) => Date.parse(a.metadata.creationTimestamp!) - Date.parse(b.metadata.creationTimestamp!),
  );
  const held = hold(younger!, 'scale');
  await world.until('wide', ({ status }) => status?.inFlight === 1);
  await world.kubectl('scale', 'infdep/wide', '--replicas=1');
  await eventually(
    async () => expect((await living()).map(({ metadata }) => metadata.name)).toEqual([younger!.metadata.name]),
    { deadlineMs: 60_000 },
  );
  await held.release();
  await eventually(
    async () => expect((await pods()).map(({ metadata }) => metadata.name)).not.toContain(older!.metadata.name),
    { deadlineMs: 60_000 },
  );
  await expect(world.kubectl('get', 'pdb', 'wide')).rejects.toThrow(/not found/);
});

test('paused: no pods, and back', async () => {
  await world.kubectl('patch', 'infdep', 'wide', '--type=merge', '-p', '{"spec":{"paused":true}}');
  const paused = await world.until('wide', ({ status }) => status?.phase === 'Paused' && status.replicas === 0);
  expect(paused.spec.replicas).toBe(1);
  await eventually(async () => expect(await pods()).toEqual([]), { deadlineMs: 60_000 });
  await world.kubectl('patch', 'infdep', 'wide', '--type=merge', '-p', '{"spec":{"paused":false}}');
  await world.until('wide', ({ status }) => status?.phase === 'Healthy');
});

/** A request that stays in the pod's model until it is let go, however slow the machine is. */
function hold(pod: Pod, key: string): { readonly release: () => Promise<void> } {
  const url = `http://${pod.status!.podIP}:8080`;
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ model: 'echo', prompt: 'hello', max_tokens: 2 });
  const answer = fetch(`${url}/v1/completions?hold=${key}`, { method: 'POST', headers, body });
  return {
    release: async () => {
      expect((await fetch(`${url}/control/release?key=${key}`, { method: 'POST' })).status).toBe(200);
      expect((await answer).status).toBe(200);
    },
  };
}
