// A change rolls out where no GPU is free for a second pod, and by surge where one is; the choice and its reason are in status,
// and a surge whose GPU is taken meanwhile turns round instead of waiting for ever.
import { afterAll, beforeAll, expect } from 'vitest';
import type { Deployment, List, Pod } from '../../operator/api/kubernetes.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('pods');
let world: World;
beforeAll(async () => {
  world = await startWorld({ nodes: [{ name: 'gpu-1', gpus: { count: 2 } }] });
  await world.startOperator();
});
afterAll(() => world?.close());

const onGpu = (name: string, rest: object = {}) =>
  echo(name, { gpu: { count: 1 }, queue: { store: 'embedded', requestTtlSeconds: 5 }, ...rest });
const changed = (name: string, value: string, rest: object = {}) =>
  onGpu(name, { container: { image: 'inference-operator/echo', env: [{ name: 'CHANGE', value }] }, ...rest });
const healthyAt = (name: string, generation: number) =>
  world.until(
    name,
    ({ status }) => status?.phase === 'Healthy' && status.observedGeneration === generation && status.replicas === 1,
  );
const podsOf = async (name: string) =>
  (await world.json<List<Pod>>('get', 'pods', '-l', `inference-operator.dev/name=${name}`)).items;
const strategyOf = async (name: string) =>
  (await world.json<Deployment>('get', 'deployment', name)).spec.strategy?.rollingUpdate;

test('with a free GPU the new pod starts first', async () => {
  await world.apply(onGpu('roomy'));
  await healthyAt('roomy', 1);
  await world.apply(changed('roomy', 'a'));
  const updated = await healthyAt('roomy', 2);
  expect(updated.status?.rollout).toEqual({
    strategy: 'Surge',
    reason: '1 of 1 matching nodes have 1 free nvidia.com/gpu for a new pod',
  });
  expect(await strategyOf('roomy')).toMatchObject({ maxSurge: 1, maxUnavailable: 0 });
  await world.kubectl('delete', 'infdep', 'roomy', '--wait');
  await eventually(async () => expect(await podsOf('roomy')).toEqual([]), { deadlineMs: 60_000 });
});

test('without one the old pod drains first, status says why, and the rollout ends', async () => {
  await world.apply(onGpu('full-a'));
  await world.apply(onGpu('full-b'));
  await Promise.all([healthyAt('full-a', 1), healthyAt('full-b', 1)]);
  const [before] = await podsOf('full-a');
  const phases = world.watchPhases('full-a');
  await eventually(() => expect(phases.seen()).toContain('Healthy'));
  await world.apply(changed('full-a', 'a'));
  const updated = await healthyAt('full-a', 2);
  await eventually(() => expect(phases.seen()).toContain('Updating'));
  phases.stop();
  expect(updated.status?.rollout?.strategy).toBe('Recreate');
  expect(updated.status?.rollout?.reason).toContain('none of 1 matching nodes has 1 free nvidia.com/gpu');
  expect((await podsOf('full-a')).map(({ metadata }) => metadata.uid)).not.toContain(before?.metadata.uid);
  expect(await strategyOf('full-a')).toMatchObject({ maxSurge: 0, maxUnavailable: 1 });
  const described = await world.kubectl('describe', 'infdep', 'full-a');
  expect(described).toContain('RolloutRecreate');
});

test('pods beyond the GPUs of the cluster: QuotaReached, with the scheduler’s words', async () => {
  await world.apply(onGpu('late'));
  const stuck = await world.until('late', ({ status }) => status?.phase === 'QuotaReached');
  expect(stuck.status?.waitingFor).toBe('GPUs');
  const gpus = stuck.status?.conditions?.find(({ type }) => type === 'GPUsAvailable');
  expect(gpus).toMatchObject({ status: 'False', reason: 'InsufficientGPUs' });
  expect(gpus?.message).toContain('0/1 nodes are available: 1 Insufficient nvidia.com/gpu');
});

test('a surge whose GPU somebody else takes turns round', async () => {
  // `late` waits for a GPU and takes the next free one; `full-b` believes that it is free.
  await world.kubectl('delete', 'infdep', 'full-a', '--wait');
  await healthyAt('late', 1);
  await world.apply(changed('full-b', 'a', { rollout: 'Surge' }));
  await world.until('full-b', ({ status }) => status?.phase === 'QuotaReached');
  await world.apply(changed('full-b', 'a', { rollout: 'Auto' }));
  const updated = await healthyAt('full-b', 3);
  expect(updated.status?.rollout?.strategy).toBe('Recreate');
  expect(updated.status?.rollout?.reason).toContain('a surge pod found no node');
});

test('kubectl rollout restart replaces the pod though no GPU is free, and what kubectl wrote stays', async () => {
  const [before] = await podsOf('late');
  expect(await strategyOf('late'), 'nothing was replaced so far').toMatchObject({ maxSurge: 1 });
  await world.kubectl('rollout', 'restart', 'deployment/late');
  const restarted = await world.until(
    'late',
    ({ status }) => status?.phase === 'Healthy' && status.rollout?.strategy === 'Recreate',
  );
  expect(restarted.status?.observedGeneration).toBe(1);
  const pods = await podsOf('late');
  expect(pods.map(({ metadata }) => metadata.uid)).not.toContain(before?.metadata.uid);
  expect(pods[0]?.metadata.annotations).toHaveProperty(['kubectl.kubernetes.io/restartedAt']);
});
