// The scheduler of the loopback cluster says why a pod fits nowhere in the words of the real one, node by node.
import { describe, expect, it } from 'vitest';
import { decide } from '../../dev/cluster/controllers/scheduler/choice.ts';
import type { Placed } from '../../dev/cluster/controllers/scheduler/filters.ts';
import type { Node, Taint } from '../../dev/cluster/objects.ts';
import type { Pod, PodSpec } from '../../dev/cluster/pod.ts';

const meta = (name: string, labels = {}) => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels,
});
const pod = (name: string, gpus: number, spec: Partial<PodSpec> = {}): Pod => ({
  metadata: meta(name, { app: 'model' }),
  spec: { containers: [{ name: 'model', image: 'm', resources: { limits: { 'nvidia.com/gpu': gpus } } }], ...spec },
});
type NodeShape = {
  gpus?: number;
  pods?: Pod[];
  labels?: object;
  taints?: Taint[];
  unschedulable?: boolean;
  cpu?: string;
};
const place = (
  name: string,
  { gpus = 1, pods = [], labels = {}, taints = [], unschedulable = false, cpu = '8' }: NodeShape = {},
): Placed => {
  const node: Node = {
    metadata: meta(name, { 'kubernetes.io/hostname': name, ...labels }),
    spec: { taints, unschedulable },
    status: { allocatable: { cpu, memory: '16Gi', pods: '110', 'nvidia.com/gpu': String(gpus) } },
  };
  return { node, pods };
};
const refusal = (wanted: Pod, places: Placed[]): string => {
  const decision = decide(wanted, places);
  return 'unschedulable' in decision ? decision.unschedulable : `bound to ${decision.node}`;
};

describe('a pod that no node can take', () => {
  it('hears that there are no nodes at all', () => {
    expect(refusal(pod('a', 1), [])).toBe('no nodes available to schedule pods');
  });

  it('hears which resource is short, and that waiting for other pods to leave could help', () => {
    const full = [place('n1', { pods: [pod('x', 1)] }), place('n2', { pods: [pod('y', 1)] })];
    expect(refusal(pod('a', 1), full)).toBe(
      '0/2 nodes are available: 2 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    );
  });

  it('hears that nothing helps where it asks for more than a node has', () => {
    expect(refusal(pod('a', 4), [place('n1')])).toContain(
      'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
  });

  it('hears of taints, cordons, selectors and resources in one sentence, sorted', () => {
    const places = [
      place('n1', { taints: [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }] }),
      place('n2', { unschedulable: true }),
      place('n3'),
      place('n4', { labels: { zone: 'a' }, gpus: 0 }),
    ];
    expect(refusal(pod('a', 1, { nodeSelector: { zone: 'a' } }), places)).toBe(
      "0/4 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. " +
        'no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.',
    );
  });

  it('is told of all resources that a node lacks', () => {
    const wanted = pod('a', 2, {
      containers: [{ name: 'm', image: 'm', resources: { requests: { cpu: '9', 'nvidia.com/gpu': 2 } } }],
    });
    expect(refusal(wanted, [place('n1')])).toContain('1 Insufficient cpu, 1 Insufficient nvidia.com/gpu.');
  });
});

describe('a pod that fits', () => {
  it('goes to the node with the GPU product its affinity asks for', () => {
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'nvidia.com/gpu.product', operator: 'In', values: ['H100'] }] },
          ],
        },
      },
    };
    const places = [
      place('n1', { labels: { 'nvidia.com/gpu.product': 'L40S' } }),
      place('n2', { labels: { 'nvidia.com/gpu.product': 'H100' } }),
    ];
    expect(decide(pod('a', 1, { affinity }), places)).toEqual({ node: 'n2' });
  });

  it('tolerates a taint by key and effect', () => {
    const places = [place('n1', { taints: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }] })];
    expect(refusal(pod('a', 1), places)).toContain('untolerated taint(s)');
    const tolerations = [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }];
    expect(decide(pod('a', 1, { tolerations }), places)).toEqual({ node: 'n1' });
  });

  it('counts a pod that is terminating as long as it is there', () => {
    const leaving = { ...pod('x', 1), metadata: { ...meta('x'), deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(refusal(pod('a', 1), [place('n1', { pods: [leaving] })])).toContain('1 Insufficient nvidia.com/gpu');
  });

  it('counts native sidecars beside the containers and plain init containers only when they are larger', () => {
    const resources = (cpu: string) => ({ requests: { cpu } });
    const spec = {
      containers: [{ name: 'm', image: 'm', resources: resources('4') }],
      initContainers: [
        { name: 'sidecar', image: 's', restartPolicy: 'Always', resources: resources('3') },
        { name: 'load', image: 'l', resources: resources('5') },
      ],
    };
    expect(refusal(pod('a', 0, spec), [place('n1', { cpu: '7' })])).toContain('1 Insufficient cpu');
    expect(decide(pod('a', 0, spec), [place('n1', { cpu: '8' })])).toEqual({ node: 'n1' });
  });

  it('keeps away from a node that holds a pod with anti-affinity against it', () => {
    const against = {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: 'model' } }, topologyKey: 'kubernetes.io/hostname' },
        ],
      },
    };
    const places = [place('n1', { gpus: 4, pods: [pod('x', 1, { affinity: against })] }), place('n2', { gpus: 4 })];
    expect(decide(pod('a', 1), places)).toEqual({ node: 'n2' });
    expect(refusal(pod('a', 1), places.slice(0, 1))).toContain(
      "1 node(s) didn't satisfy existing pods anti-affinity rules",
    );
  });
});
