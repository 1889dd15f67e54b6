// Which InferenceDeployment an object is about.
import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../operator/api/kubernetes.ts';
import { splitKey } from '../../operator/api/names.ts';
import { deploymentKey } from '../../operator/watch/enqueue.ts';

const object = (kind: string, name: string, labels?: Record<string, string>): KubernetesObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'models', ...(labels ? { labels } : {}) },
});

test.each([
  ['the InferenceDeployment itself', object('InferenceDeployment', 'llama'), 'models/llama'],
  ['a child, by its label', object('Pod', 'llama-7f-x', { 'inference-operator.dev/name': 'llama' }), 'models/llama'],
  ['somebody else’s object', object('Pod', 'nginx', { app: 'nginx' }), undefined],
  ['an object without labels', object('Pod', 'nginx'), undefined],
  ['an empty label', object('Pod', 'nginx', { 'inference-operator.dev/name': '' }), undefined],
])('%s', (_name, given, key) => {
  expect(deploymentKey(given)).toBe(key);
});

test('a key that is none is told apart', () => {
  expect(splitKey('models/llama')).toEqual({ namespace: 'models', name: 'llama' });
  for (const bad of ['', 'llama', '/llama', 'models/', 'a/b/c']) expect(splitKey(bad)).toBeUndefined();
});
