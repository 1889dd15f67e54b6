// Once everything is made, a look writes nothing: not where the API server wrote a quantity in its own way, nor for any other text.
import { afterAll, beforeAll, expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('request log');
let world: World;
beforeAll(async () => {
  world = await startWorld({ withoutControllers: true });
});
afterAll(() => world?.close());

const patches = () =>
  world.api.requests
    .all()
    .filter(
      ({ method, userAgent, path }) =>
        method === 'PATCH' && userAgent === 'inference-operator' && !/status|lease/.test(path),
    )
    .map(({ path }) => path);

test('quantities are taken as in a pod, and rewritten ones are not written again', async () => {
  await world.startOperator();
  const resources = {
    limits: { cpu: '0.7', memory: '1.5Gi', 'example.com/fpga': '2e0' },
    requests: { cpu: '.5', memory: '16e6', 'example.com/fpga': 2 },
  };
  await world.apply(
    echo('odd', {
      container: { image: 'model:1', resources, env: [{ name: 'LIMIT', value: '1000' }] },
      gpu: { count: 0, sharedMemory: '.5Gi' },
      sidecar: { resources: { limits: { memory: '1024Mi' }, requests: { cpu: '0.05', memory: '0.1Gi' } } },
      queue: { store: 'embedded', maxBodyBytes: '1.5Mi', persistence: { size: '1.5Gi' } },
    }),
  );
  const settled = async (generation: number) =>
    world.until(
      'odd',
      ({ status }) => status?.observedGeneration === generation && status.conditions?.[1]?.status === 'True',
    );
  await settled(1);
  const stored = await world.json<{ spec: { template: { spec: { containers: { resources: object }[] } } } }>(
    'get',
    'deployment',
    'odd',
  );
  expect(stored.spec.template.spec.containers[0]?.resources).toMatchObject({
    limits: { cpu: '700m', memory: '1536Mi' },
  });
  world.api.requests.clear();
  // Looks at it anew, twice; the second change of status shows that the first look is over.
  for (const [generation, paused] of [
    [2, true],
    [3, false],
  ] as const) {
    await world.kubectl('patch', 'infdep', 'odd', '--type=merge', '-p', JSON.stringify({ spec: { paused } }));
    await settled(generation);
  }
  // Paused and not: two writes of the Deployment for its replicas, and nothing besides.
  expect(patches().filter((path) => !path.includes('/deployments/odd'))).toEqual([]);
  expect(patches()).toHaveLength(2);
});

test('a variable that somebody changed from 1000 to 1k is set right', async () => {
  const env = [{ op: 'replace', path: '/spec/template/spec/containers/0/env/0/value', value: '1k' }];
  await world.kubectl('patch', 'deployment', 'odd', '--type=json', '-p', JSON.stringify(env));
  await eventually(async () => {
    const value = '{.spec.template.spec.containers[0].env[0].value}';
    expect(await world.kubectl('get', 'deployment', 'odd', '-o', `jsonpath=${value}`)).toBe('1000');
  });
});
