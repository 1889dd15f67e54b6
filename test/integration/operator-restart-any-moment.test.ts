// The operator may be killed between any two writes: the next one finishes what was begun, and ends in the same place.
import { once } from 'node:events';
import { afterAll, beforeAll, expect } from 'vitest';
import type { KubernetesObject, List } from '../../operator/api/kubernetes.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ withoutControllers: true });
});
afterAll(() => world?.close());

const spec = { replicas: 2, queue: { store: 'redis' }, ingress: { host: 'm.example' } };
const store = { OPERATOR_STORE_URL: 'redis://redis:6379' };
const kinds = 'secrets,networkpolicies,services,poddisruptionbudgets,deployments,ingresses';
const made = async (name: string) =>
  (await world.json<List<KubernetesObject>>('get', kinds, '-l', `inference-operator.dev/name=${name}`)).items
    .map(({ kind, metadata }) => `${kind}/${metadata.name.replace(name, 'x').replace(/-[0-9a-f]{10}$/, '-…')}`)
    .sort();
const whole = [
  'Deployment/x',
  'Ingress/x',
  'NetworkPolicy/x',
  'PodDisruptionBudget/x',
  'Secret/x-sidecar-…',
  'Service/x',
  'Service/x-pods',
];
const tokenOf = async (name: string): Promise<string> =>
  (
    await world.json<List<{ data: Record<string, string> }>>(
      'get',
      'secret',
      '-l',
      `inference-operator.dev/name=${name}`,
    )
  ).items[0]!.data['admin-token']!;

testThatNeeds('faults').each([1, 2, 3, 4, 5, 6, 7, 8])('killed at write %i', async (write) => {
  const name = `cut-${write}`;
  // From that write on nothing gets through: the operator stands there when it is killed.
  let seen = 0;
  world.api.faults.failNext(100_000, 'reset', ({ method, path }) => {
    const isWrite =
      (method === 'PATCH' && path.includes(`/${name}`)) || (method === 'POST' && path.includes('/secrets'));
    if (isWrite) seen++;
    return isWrite && seen >= write;
  });
  const operator = world.spawnOperator(store);
  await world.apply(echo(name, spec));
  await eventually(() => seen >= write, { deadlineMs: 60_000 });
  operator.kill('SIGKILL');
  await once(operator, 'exit');
  world.api.faults.clear();
  // As if its Lease had run out: how long that takes is operator-lease-handover's.
  await world.kubectl('delete', 'lease', 'inference-operator');
  const tokenBefore = write > 1 ? await tokenOf(name) : undefined;
  const next = await world.startOperator(store);
  await world.until(
    name,
    ({ status }) => status?.observedGeneration === 1 && status.conditions?.[1]?.status === 'True',
  );
  expect(await made(name)).toEqual(whole);
  if (tokenBefore !== undefined) expect(await tokenOf(name)).toBe(tokenBefore);
  await next.stop();
});

testThatNeeds('request log', 'no controllers')(
  'an operator that starts on a cluster at rest writes nothing but its Lease',
  async () => {
    const first = await world.startOperator(store);
    await world.apply(echo('rest', spec));
    await world.until(
      'rest',
      ({ status }) => status?.observedGeneration === 1 && status.conditions?.[1]?.status === 'True',
    );
    await first.stop();
    world.api.requests.clear();
    const second = await world.startOperator(store);
    await eventually(
      async () => expect(await second.metrics()).toMatch(/reconciles_total\{outcome="(done|waiting)"\} [1-9]/),
      { deadlineMs: 90_000 },
    );
    await second.stop();
    // What it read is in the log, so what it had written would be too.
    expect(world.api.requests.count(({ userAgent }) => userAgent === 'inference-operator')).toBeGreaterThan(5);
    const writes = world.api.requests.writes(
      ({ userAgent, path }) => userAgent === 'inference-operator' && !path.includes('/leases'),
    );
    expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  },
);
