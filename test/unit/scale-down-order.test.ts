// A ReplicaSet of the loopback cluster gives up its pods in the real controller's order.
import { expect, it } from 'vitest';
import { victims } from '../../dev/cluster/controllers/replica-set/victims.ts';
import type { Pod } from '../../dev/cluster/pod.ts';

const nowMs = Date.parse('2026-01-01T01:00:00Z');
type Shape = {
  node?: string;
  phase?: string;
  ready?: string | false;
  cost?: string;
  restarts?: number;
  created?: string;
};
const pod = (
  name: string,
  {
    node = 'n1',
    phase = 'Running',
    ready = '2026-01-01T00:00:00Z',
    cost,
    restarts = 0,
    created = '2026-01-01T00:00:00Z',
  }: Shape = {},
): Pod => ({
  metadata: {
    name,
    namespace: 'default',
    uid: name,
    resourceVersion: '1',
    creationTimestamp: created,
    annotations: cost === undefined ? {} : { 'controller.kubernetes.io/pod-deletion-cost': cost },
  },
  spec: { containers: [], ...(node ? { nodeName: node } : {}) },
  status: {
    phase,
    conditions: [
      { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ready || '2026-01-01T00:00:00Z' },
    ],
    containerStatuses: [
      { name: 'm', image: 'm', imageID: '', ready: true, restartCount: restarts, state: {}, lastState: {} },
    ],
  },
});
const first = (pods: Pod[], related = pods): string => victims(pods, related, 1, nowMs)[0]?.metadata.name ?? '';

it('takes a pod without a node before a pending one, that before an unready one, that before a ready one', () => {
  const all = [
    pod('ready'),
    pod('unready', { ready: false }),
    pod('pending', { phase: 'Pending', ready: false }),
    pod('unassigned', { node: '', phase: 'Pending', ready: false }),
  ];
  expect(victims(all, all, 4, nowMs).map((entry) => entry.metadata.name)).toEqual([
    'unassigned',
    'pending',
    'unready',
    'ready',
  ]);
});

it('takes the lower deletion cost first, but never a ready pod before an unready one', () => {
  expect(first([pod('dear', { cost: '10' }), pod('cheap', { cost: '-5' }), pod('plain')])).toBe('cheap');
  expect(first([pod('cheap', { cost: '-5' }), pod('unready', { ready: false, cost: '100' })])).toBe('unready');
});

it('reads a deletion cost that is no integer as none', () => {
  expect(first([pod('odd', { cost: '-5.5' }), pod('cheap', { cost: '-1' })])).toBe('cheap');
});

it('takes from the node that holds more of the owner’s pods', () => {
  const own = [pod('a', { node: 'n1' }), pod('b', { node: 'n2' })];
  expect(first(own, [...own, pod('other', { node: 'n2' })])).toBe('b');
});

it('takes the one that has been ready for the shorter time, then the one with more restarts', () => {
  expect(first([pod('old'), pod('young', { ready: '2026-01-01T00:59:00Z' })])).toBe('young');
  expect(first([pod('calm'), pod('crashing', { restarts: 3 })])).toBe('crashing');
});
