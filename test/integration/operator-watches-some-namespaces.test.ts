// An operator that serves some namespaces leaves the others alone, and asks the API server for nothing beyond them.
import { afterAll, beforeAll, expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { echo, type OperatorRun, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('request log');
let world: World;
let first: OperatorRun;
beforeAll(async () => {
  world = await startWorld({ withoutControllers: true });
  for (const namespace of ['team-a', 'team-b', 'other']) await world.kubectl('create', 'namespace', namespace);
  first = await world.startOperator({ OPERATOR_NAMESPACES: 'team-a,team-b' });
});
afterAll(() => world?.close());

const applyIn = (namespace: string) => world.apply({ ...echo('model'), metadata: { name: 'model', namespace } });
const isMadeIn = (namespace: string) =>
  eventually(() => world.kubectl('get', 'deployment', 'model', '-n', namespace), { deadlineMs: 60_000, everyMs: 200 });

test('those named are served, others are not', async () => {
  await applyIn('other');
  await applyIn('team-a');
  await applyIn('team-b');
  await Promise.all([isMadeIn('team-a'), isMadeIn('team-b')]);
  await expect(world.kubectl('get', 'deployment', 'model', '-n', 'other')).rejects.toThrow(/not found/);
});

testThatNeeds('faults')('a list of one namespace does not make it forget the other', async () => {
  world.api.compact();
  world.api.faults.dropWatches();
  await eventually(() => expect(world.api.faults.openWatches).toBeGreaterThan(16), { deadlineMs: 60_000 });
  await world.kubectl('delete', 'deployment', 'model', '-n', 'team-a');
  await isMadeIn('team-a');
  await world.kubectl('delete', 'deployment', 'model', '-n', 'team-b');
  await isMadeIn('team-b');
});

test('nothing is asked of the whole cluster', () => {
  const asked = world.api.requests.all().filter(({ userAgent }) => userAgent === 'inference-operator');
  expect(asked.length).toBeGreaterThan(10);
  expect(
    asked.filter(({ path }) => !/\/namespaces\/(team-a|team-b|default\/leases)/.test(path)).map(({ path }) => path),
  ).toEqual([]);
});

testThatNeeds('faults')('a namespace in which nothing may be listed keeps no other from being served', async () => {
  const inB = /\/namespaces\/team-b\//;
  await first.stop();
  await world.kubectl('delete', 'deployment', 'model', '-n', 'team-a');
  await world.kubectl('delete', 'deployment', 'model', '-n', 'team-b');
  world.api.faults.failNext(
    100_000,
    403,
    ({ method, path, userAgent }) =>
      userAgent === 'inference-operator' &&
      method === 'GET' &&
      inB.test(path) &&
      !path.includes('/inferencedeployments'),
  );
  const second = await world.startOperator({ OPERATOR_NAMESPACES: 'team-a,team-b' });
  await isMadeIn('team-a');
  expect((await second.get('/readyz')).text).toContain('pods@team-b');
  // It knows of the one in team-b, but not of what was made of it.
  await eventually(async () => expect(await second.metrics()).toMatch(/^inference_operator_deployments 2$/m));
  await expect(world.kubectl('get', 'deployment', 'model', '-n', 'team-b')).rejects.toThrow(/not found/);
  world.api.faults.clear();
  await isMadeIn('team-b');
});
