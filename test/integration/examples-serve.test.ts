// The examples come up to Healthy on a cluster with GPUs and answer below their names, as their heads tell to try. The sample
// model server stands in for the real ones: what is tested is ports, flags, volumes, GPUs and health as the manifests give them.
import { afterAll, beforeAll, expect } from 'vitest';
import { hostName } from '../../dev/cluster/host-name.ts';
import { type RedisServer, startRedisServer } from '../../dev/tools/redis-server.ts';
import { startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

let redis: RedisServer;
const test = testThatNeeds('pods');
let world: World;
beforeAll(async () => {
  redis = await startRedisServer();
  world = await startWorld({ nodes: [{ name: 'gpu-node', gpus: { count: 8 } }] });
  // A Lease that a busy machine does not lose: an operator that lost it ends, and nobody restarts this one.
  await world.startOperator({ OPERATOR_STORE_URL: `redis://${hostName}:${redis.port}`, OPERATOR_LEASE_SECONDS: '60' });
});
afterAll(async () => {
  await world?.close();
  await redis?.stop();
});

interface Pods {
  readonly items: readonly {
    readonly status: { readonly podIP: string };
    readonly spec: {
      readonly containers: readonly { readonly resources: { readonly limits?: Record<string, string> } }[];
    };
  }[];
}

// One after the other: a small machine has no room for all their processes at once. The last one still drains while the next one starts.
test.each([
  ['echo', '1'],
  ['vllm-deepseek', '1'],
  ['sglang', '2'],
  ['tgi', '1'],
  ['whisper', '1'],
  ['llama-cpp', undefined],
])('%s becomes Healthy with its GPUs (%s) and answers below its name', async (name, gpus) => {
  await world.kubectl('apply', '-f', `examples/${name}.yaml`);
  await world.until(name, ({ status }) => status?.phase === 'Healthy');
  const { items } = await world.json<Pods>('get', 'pods', '-l', `inference-operator.dev/name=${name}`);
  expect(items[0]!.spec.containers[0]!.resources.limits?.['nvidia.com/gpu']).toBe(gpus);
  const answer = await fetch(`http://${items[0]!.status.podIP}:8080/${name}/v1/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"model": "any", "prompt": "Hello", "max_tokens": 3}',
  });
  expect(answer.status).toBe(200);
  expect((await answer.json()) as object).toMatchObject({ usage: { completion_tokens: 3 } });
  await world.kubectl('delete', '-f', `examples/${name}.yaml`, '--wait=false');
});

test('cog becomes Healthy by its own word, and its output is kept though Cog itself would answer 202', async () => {
  await world.kubectl('apply', '-f', 'examples/cog.yaml');
  await world.until('cog', ({ status }) => status?.phase === 'Healthy');
  const { items } = await world.json<Pods>('get', 'pods', '-l', 'inference-operator.dev/name=cog');
  const url = `http://${items[0]!.status.podIP}:8080`;
  const accepted = await fetch(`${url}/cog/predictions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Prefer: 'respond-async' },
    body: '{"input": {"prompt": "a robot learning to paint"}}',
  });
  expect(accepted.status).toBe(202);
  const { Id } = (await accepted.json()) as { readonly Id: string };
  const headers = { 'X-Inference-Id': Id, Prefer: 'wait=60' };
  const result = await fetch(`${url}/result/cog`, { headers });
  expect([result.status, await result.json()]).toEqual([200, expect.objectContaining({ status: 'succeeded' })]);
  await world.kubectl('delete', '-f', 'examples/cog.yaml', '--wait=false');
});
