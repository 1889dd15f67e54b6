// Surge or one pod first: which is chosen, why, how long the choice is kept, and how free GPUs are counted.
import { expect, test } from 'vitest';
import type { Deployment, Node } from '../../operator/api/kubernetes.ts';
import { gpuFigures } from '../../operator/reconcile/gpu-fit.ts';
import { asksForGpuFigures, chooseRollout, type RolloutInput } from '../../operator/reconcile/rollout.ts';
import { inferenceDeployment } from '../support/inference-deployment.ts';
import { pod } from '../support/pods.ts';

function observed(strategy: 'Surge' | 'Recreate', template = 'old', progress = 'NewReplicaSetAvailable'): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'llama',
      generation: 2,
      annotations: {
        'inference-operator.dev/template': template,
        'inference-operator.dev/rollout-reason': 'as before',
        'deployment.kubernetes.io/revision': '2',
      },
    },
    spec: {
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: strategy === 'Surge' ? 1 : 0 } },
      template: { spec: { containers: [] } },
    },
    status: { conditions: [{ type: 'Progressing', status: 'True', reason: progress }] },
  };
}

const room = { matchingNodes: 3, nodesWithRoom: 1, mostFree: 4 };
const full = { matchingNodes: 3, nodesWithRoom: 0, mostFree: 1 };
const input = (spec: Record<string, unknown> = {}, more: Partial<RolloutInput> = {}): RolloutInput => ({
  owner: inferenceDeployment({ spec: { gpu: { count: 2 }, ...spec } }),
  deployment: observed('Surge'),
  pods: [],
  templateHash: 'new',
  ...more,
});
const refused = pod({ refusal: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.', ready: false });
const rolling = 'ReplicaSetUpdated';

test.each([
  ['a surge fits', input(), room, 'Surge', '1 of 3 matching nodes have 2 free nvidia.com/gpu'],
  [
    'no node has room',
    input(),
    full,
    'Recreate',
    'none of 3 matching nodes has 2 free nvidia.com/gpu for a new pod (most free: 1)',
  ],
  ['nodes cannot be seen', input(), undefined, 'Recreate', 'may not see'],
  ['no GPU is wanted', input({ gpu: { count: 0 } }), full, 'Surge', 'needs no GPU'],
  ['the user says Surge', input({ rollout: 'Surge' }), full, 'Surge', 'spec.rollout is Surge'],
  ['the user says Recreate', input({ rollout: 'Recreate' }), room, 'Recreate', 'spec.rollout is Recreate'],
  [
    'the store lies on a volume',
    input({ queue: { store: 'embedded', persistence: { size: '1Gi' } } }),
    room,
    'Recreate',
    'one pod at a time',
  ],
  ['it is made for the first time', input({}, { deployment: undefined }), full, 'Surge', 'nothing to replace'],
  ['it is paused', input({ paused: true }), full, 'Surge', 'nothing to replace'],
  [
    'products are named',
    input({ gpu: { count: 2, products: ['H100', 'H200'] } }),
    full,
    'Recreate',
    'with H100 or H200',
  ],
] as const)('%s', (_name, given, figures, strategy, reason) => {
  const chosen = chooseRollout(given, figures);
  expect(chosen.strategy).toBe(strategy);
  expect(chosen.reason).toContain(reason);
});

test('a choice is kept while nothing changes, and the cluster is not asked', () => {
  for (const strategy of ['Surge', 'Recreate'] as const) {
    const given = input({}, { deployment: observed(strategy), templateHash: 'old' });
    expect(asksForGpuFigures(given)).toBe(false);
    expect(chooseRollout(given, undefined)).toEqual({ strategy, reason: 'as before' });
  }
});

test('a change of the template asks the cluster', () => {
  expect(asksForGpuFigures(input())).toBe(true);
});

test('a surge pod that finds its GPUs taken turns the rollout round, instead of waiting for ever', () => {
  const given = input({}, { deployment: observed('Surge', 'new', rolling), pods: [pod(), refused] });
  const chosen = chooseRollout(given, undefined);
  expect(chosen.strategy).toBe('Recreate');
  expect(chosen.reason).toContain('3 Insufficient nvidia.com/gpu');
});

test('a pod without GPUs outside of a rollout changes nothing', () => {
  const given = input({}, { deployment: observed('Surge', 'new'), pods: [refused] });
  expect(chooseRollout(given, undefined).strategy).toBe('Surge');
});

const node = (name: string, gpus: number, more: Partial<Node> & { labels?: Record<string, string> } = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: more.labels ?? {} },
  ...(more.spec ? { spec: more.spec } : {}),
  status: { allocatable: { 'nvidia.com/gpu': String(gpus) }, ...more.status },
});
const spec = (more: Record<string, unknown> = {}) => inferenceDeployment({ spec: { gpu: { count: 2 }, ...more } }).spec;

test('free GPUs are those of a node less those of the pods on it, whoever owns them', () => {
  const pods = [
    pod({ node: 'a', gpus: 3 }),
    pod({ node: 'b', gpus: 1 }),
    pod({ node: 'b', gpus: 4, phase: 'Succeeded' }),
  ];
  expect(gpuFigures(spec(), [node('a', 4), node('b', 4)], pods)).toEqual({
    matchingNodes: 2,
    nodesWithRoom: 1,
    mostFree: 3,
  });
});

test.each([
  ['cordoned', node('a', 8, { spec: { unschedulable: true } }), {}],
  [
    'not ready',
    node('a', 8, {
      status: { allocatable: { 'nvidia.com/gpu': '8' }, conditions: [{ type: 'Ready', status: 'False' }] },
    }),
    {},
  ],
  [
    'silent',
    node('a', 8, {
      status: { allocatable: { 'nvidia.com/gpu': '8' }, conditions: [{ type: 'Ready', status: 'Unknown' }] },
    }),
    {},
  ],
  [
    'of another product',
    node('a', 8, { labels: { 'nvidia.com/gpu.product': 'T4' } }),
    { gpu: { count: 2, products: ['H100'] } },
  ],
  ['without the selected label', node('a', 8), { nodeSelector: { zone: 'b' } }],
  ['tainted', node('a', 8, { spec: { taints: [{ key: 'team', value: 'x', effect: 'NoSchedule' }] } }), {}],
])('a node that is %s does not count', (_name, unfit, more) => {
  expect(gpuFigures(spec(more), [unfit], []).matchingNodes).toBe(0);
});

test('the GPU taint is borne', () => {
  const tainted = node('a', 8, { spec: { taints: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }] } });
  expect(gpuFigures(spec(), [tainted], [])).toMatchObject({ nodesWithRoom: 1 });
});
