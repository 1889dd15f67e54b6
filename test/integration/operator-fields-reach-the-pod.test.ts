// What spec asks of a pod holds once it runs: environment from a ConfigMap, a health path of one's own, API keys from a Secret; and a
// queue on a volume of its own outlives the pod.
import { afterAll, beforeAll, expect } from 'vitest';
import type { List, Pod } from '../../operator/api/kubernetes.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('pods');
const KEY = 'sk-of-the-first-team';
let world: World;
beforeAll(async () => {
  world = await startWorld({ nodes: [{ name: 'node-1' }] });
  await world.startOperator();
  await world.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' }, stringData: { first: KEY } });
  await world.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'model' }, data: { HEALTH_PATH: '/up' } });
  await world.apply(
    echo('kept', {
      container: { image: 'inference-operator/echo', envFrom: [{ configMapRef: { name: 'model' } }] },
      healthCheck: { path: '/up' },
      auth: { secretName: 'keys' },
      queue: { store: 'embedded', persistence: { size: '1Gi' } },
      shutdownGraceSeconds: 2,
    }),
  );
});
afterAll(() => world?.close());

const running = async (): Promise<Pod> => {
  await world.until('kept', ({ status }) => status?.phase === 'Healthy' && status.replicas === 1);
  return (await world.json<List<Pod>>('get', 'pods', '-l', 'inference-operator.dev/name=kept')).items[0]!;
};
const ask = (pod: Pod, path: string, headers: Record<string, string> = {}) =>
  fetch(`http://${pod.status!.podIP}:8080${path}`, { headers });

test('the container has its environment, and only who has a key may call it', async () => {
  const pod = await running();
  expect((await ask(pod, '/kept/v1/models')).status).toBe(401);
  expect((await ask(pod, '/kept/v1/models', { authorization: 'Bearer wrong' })).status).toBe(401);
  expect((await ask(pod, '/kept/v1/models', { authorization: `Bearer ${KEY}` })).status).toBe(200);
});

test('a key that is added is taken while the pod runs', async () => {
  const pod = await running();
  const added = 'sk-of-the-second-team';
  await world.kubectl(
    'patch',
    'secret',
    'keys',
    '--type=merge',
    '-p',
    JSON.stringify({ stringData: { second: added } }),
  );
  await eventually(
    async () => expect((await ask(pod, '/kept/v1/models', { authorization: `Bearer ${added}` })).status).toBe(200),
    { deadlineMs: 150_000 },
  );
  expect((await running()).metadata.uid).toBe(pod.metadata.uid);
});

test('an answer that was not fetched yet outlives the pod', async () => {
  const before = await running();
  const headers = { authorization: `Bearer ${KEY}`, 'x-inference-id': 'kept-on-a-volume' };
  const accepted = await fetch(`http://${before.status!.podIP}:8080/kept/v1/completions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', prefer: 'respond-async' },
    body: '{"model": "echo", "prompt": "hello", "max_tokens": 3}',
  });
  expect(accepted.status).toBe(202);
  const first = await ask(before, '/result/kept', { ...headers, prefer: 'wait=60' });
  expect(first.status).toBe(200);
  await world.kubectl('delete', 'pod', before.metadata.name);
  const after = await running();
  expect(after.metadata.uid).not.toBe(before.metadata.uid);
  const second = await ask(after, '/result/kept', headers);
  expect([second.status, await second.text()]).toEqual([200, await first.text()]);
});
