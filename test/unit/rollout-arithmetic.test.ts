// The rolling update of the loopback cluster moves by the real deployment controller's numbers.
import { describe, expect, it } from 'vitest';
import { newSize, oldSizes, proportionalSizes } from '../../dev/cluster/controllers/deployment/rolling.ts';
import { isSameTemplate, templateHash } from '../../dev/cluster/controllers/deployment/template-hash.ts';
import type { Deployment, IntOrString, ReplicaSet } from '../../dev/cluster/objects.ts';

const meta = (name: string, age = 0) => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: `2026-01-01T00:00:0${age}Z`,
});
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'm', image: 'm:1' }] } };
const deployment = (
  replicas: number,
  maxSurge: IntOrString,
  maxUnavailable: IntOrString,
  type = 'RollingUpdate',
): Deployment => ({
  metadata: meta('d'),
  spec: { replicas, selector: {}, template, strategy: { type, rollingUpdate: { maxSurge, maxUnavailable } } },
});
const set = (name: string, replicas: number, available: number, age = 0): ReplicaSet => ({
  metadata: meta(name, age),
  spec: { replicas, selector: {}, template },
  status: { replicas, availableReplicas: available },
});
const sizes = (result: readonly { set: ReplicaSet; replicas: number }[]) =>
  Object.fromEntries(result.map((entry) => [entry.set.metadata.name, entry.replicas]));

describe('the new ReplicaSet', () => {
  it('may exceed the wanted number by maxSurge, percentages rounded up', () => {
    const fresh = set('new', 0, 0);
    expect(newSize(deployment(10, '25%', 0), fresh, [fresh, set('old', 10, 10)])).toBe(3);
    expect(newSize(deployment(1, '25%', '25%'), fresh, [fresh, set('old', 1, 1)])).toBe(1);
  });

  it('waits for old pods to go when there is no surge', () => {
    const fresh = set('new', 0, 0);
    expect(newSize(deployment(1, 0, 1), fresh, [fresh, set('old', 1, 1)])).toBe(0);
    expect(newSize(deployment(1, 0, 1), fresh, [fresh, set('old', 0, 0)])).toBe(1);
  });
});

describe('the old ReplicaSets', () => {
  it('give up nothing while the new pods are not available and none may be missing', () => {
    expect(oldSizes(deployment(1, 1, 0), set('new', 1, 0), [set('old', 1, 1)])).toEqual([]);
  });

  it('give up one when the new one is available', () => {
    expect(sizes(oldSizes(deployment(1, 1, 0), set('new', 1, 1), [set('old', 1, 1)]))).toEqual({ old: 0 });
  });

  it('give up as many as may be unavailable, percentages rounded down', () => {
    expect(sizes(oldSizes(deployment(10, 0, '25%'), set('new', 0, 0), [set('old', 10, 10)]))).toEqual({ old: 8 });
  });

  it('give up one pod where surge and unavailable would both be zero', () => {
    expect(sizes(oldSizes(deployment(3, 0, 0), set('new', 0, 0), [set('old', 3, 3)]))).toEqual({ old: 2 });
  });

  it('lose pods that are not available first, the oldest set before the younger', () => {
    const old = [set('older', 2, 1, 1), set('younger', 2, 2, 2)];
    expect(sizes(oldSizes(deployment(4, 1, 0), set('new', 1, 1), old))).toEqual({ older: 1 });
    expect(sizes(oldSizes(deployment(4, 1, 0), set('new', 1, 0), [set('older', 2, 1, 1)]))).toEqual({});
  });
});

it('scaling in the middle of a rollout keeps the shares of old and new', () => {
  const allowed = 13;
  const shares = proportionalSizes(deployment(20, 6, 0), [set('old', 8, 8, 1), set('new', 5, 0, 2)], () => allowed);
  expect(sizes(shares)).toEqual({ old: 16, new: 10 });
});

describe('a template', () => {
  it('is the same with its hash label, with sorted keys and with nulls', () => {
    const other = {
      spec: { containers: [{ image: 'm:1', name: 'm' }] },
      metadata: { creationTimestamp: null, labels: { 'pod-template-hash': 'x', app: 'a' } },
    };
    expect(isSameTemplate(template, other as typeof template)).toBe(true);
  });

  it('differs by any field and gets another hash', () => {
    const other = { ...template, spec: { containers: [{ name: 'm', image: 'm:2' }] } };
    expect(isSameTemplate(template, other)).toBe(false);
    expect(templateHash(template, undefined)).not.toBe(templateHash(other, undefined));
    expect(templateHash(template, undefined)).not.toBe(templateHash(template, 1));
    expect(templateHash(template, undefined)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  });
});
