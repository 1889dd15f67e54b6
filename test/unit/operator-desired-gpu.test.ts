// GPUs of the pod that an InferenceDeployment asks for: limit, toleration, affinity; MIG slices and other vendors' resources.
import { expect, test } from 'vitest';
import { podOf } from '../support/desired.ts';

test('a GPU is a limit, a toleration, and where products are named an affinity beside the own one', () => {
  const own = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] },
          { matchFields: [] },
        ],
      },
    },
    podAntiAffinity: { kept: true },
  };
  const pod = podOf({ gpu: { count: 2, products: ['H100'] }, affinity: own, tolerations: [{ key: 'mine' }] });
  const product = { key: 'nvidia.com/gpu.product', operator: 'In', values: ['H100'] };
  expect(pod.containers[0].resources.limits).toEqual({ 'nvidia.com/gpu': '2' });
  expect(pod.tolerations).toEqual([
    { key: 'mine' },
    { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
  ]);
  expect(pod.affinity.podAntiAffinity).toEqual({ kept: true });
  expect(pod.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms).toEqual([
    { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }, product] },
    { matchFields: [], matchExpressions: [product] },
  ]);
});

test('a MIG slice bears the taint of its vendor’s nodes; another vendor’s resource its own', () => {
  expect(podOf({ gpu: { resource: 'nvidia.com/mig-1g.10gb' } }).tolerations[0].key).toBe('nvidia.com/gpu');
  expect(podOf({ gpu: { resource: 'amd.com/gpu' } }).tolerations[0].key).toBe('amd.com/gpu');
});

test('without GPUs there is no limit, toleration or affinity', () => {
  const pod = podOf({ gpu: { count: 0 } });
  expect(pod.containers[0].resources.limits).toEqual({});
  expect(pod.tolerations).toBeUndefined();
  expect(pod.affinity).toBeUndefined();
});
