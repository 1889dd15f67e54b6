// What a watch has seen: late events do not undo what a write answered, a list is the truth, one namespace leaves others alone.
import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../operator/api/kubernetes.ts';
import { ObjectStore } from '../../operator/watch/object-store.ts';

const pod = (name: string, version: string, namespace = 'a', owner = 'llama'): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, resourceVersion: version, labels: { 'inference-operator.dev/name': owner } },
});

test('an event older than what is held changes nothing', () => {
  const store = new ObjectStore();
  expect(store.put(pod('p', '100'))).toBe(true);
  expect(store.put(pod('p', '99'))).toBe(false);
  expect(store.put(pod('p', '100'))).toBe(false);
  expect(store.get('a/p')?.metadata.resourceVersion).toBe('100');
  expect(store.put(pod('p', '101'))).toBe(true);
});

test('a list is the truth, also with older versions after etcd was restored, and tells only what changed', () => {
  const store = new ObjectStore();
  for (const name of ['same', 'older', 'gone']) store.put(pod(name, '100'));
  const changed = store.replace([pod('same', '100'), pod('older', '50'), pod('new', '101')]);
  expect(changed.map(({ metadata }) => metadata.name)).toEqual(['gone', 'older', 'new']);
  expect(store.get('a/older')?.metadata.resourceVersion).toBe('50');
  expect(store.get('a/gone')).toBeUndefined();
});

test('a list of one namespace removes nothing of another', () => {
  const store = new ObjectStore();
  store.put(pod('p', '1', 'a'));
  store.put(pod('p', '2', 'b'));
  expect(store.replace([], 'a').map(({ metadata }) => metadata.namespace)).toEqual(['a']);
  expect([store.get('a/p'), store.get('b/p')?.metadata.namespace]).toEqual([undefined, 'b']);
});

test('objects are found by the deployment they belong to, also after their label changed', () => {
  const store = new ObjectStore();
  store.put(pod('one', '1'));
  store.put(pod('two', '2', 'a', 'other'));
  expect(store.of('a/llama').map(({ metadata }) => metadata.name)).toEqual(['one']);
  store.put(pod('one', '3', 'a', 'other'));
  expect(store.of('a/llama')).toEqual([]);
  expect(
    store
      .of('a/other')
      .map(({ metadata }) => metadata.name)
      .sort(),
  ).toEqual(['one', 'two']);
  store.remove('a/two');
  expect(store.of('a/other').map(({ metadata }) => metadata.name)).toEqual(['one']);
});

test('managed fields are not kept: half of an object, and nobody reads them', () => {
  const store = new ObjectStore();
  const heavy = { ...pod('p', '1'), metadata: { ...pod('p', '1').metadata, managedFields: [{ manager: 'x' }] } };
  store.put(heavy as KubernetesObject);
  expect(Object.keys(store.get('a/p')!.metadata)).not.toContain('managedFields');
});
