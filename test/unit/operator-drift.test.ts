// When an object counts as written: what the server adds does not matter, what somebody changes does.
import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../operator/api/kubernetes.ts';
import { stamped } from '../../operator/cluster/children.ts';
import { holds, isUpToDate } from '../../operator/reconcile/drift.ts';

const limits = (amounts: object) => ({ resources: { limits: amounts } });
const requests = (amounts: object) => ({ resources: { requests: amounts } });
const divisor = (unit: string) => ({ env: [{ name: 'M', valueFrom: { resourceFieldRef: { divisor: unit } } }] });

test.each([
  ['what the server added', { a: 1 }, { a: 1, b: 2 }, true],
  ['a changed field', { a: 1 }, { a: 2 }, false],
  ['a lost field', { a: { b: 'x' } }, { a: {} }, false],
  ['a quantity written otherwise', limits({ cpu: '0.7' }), limits({ cpu: '700m' }), true],
  ['a fraction that no double holds', requests({ memory: '0.1' }), requests({ memory: '100m' }), true],
  ['a size written otherwise', { emptyDir: { sizeLimit: '1.5Gi' } }, { emptyDir: { sizeLimit: '1536Mi' } }, true],
  ['a number that became text', limits({ gpu: 1 }), limits({ gpu: '1' }), true],
  ['another quantity', limits({ memory: '1Gi' }), limits({ memory: '1G' }), false],
  [
    'a quantity that differs in its 17th digit',
    limits({ a: '9007199254740993' }),
    limits({ a: '9007199254740992' }),
    false,
  ],
  ['a unit of a variable', divisor('1000m'), divisor('1'), true],
  ['a variable that looks like a quantity', { name: 'A', value: '1000' }, { name: 'A', value: '1k' }, false],
  ['a label that looks like a quantity', { labels: { rev: '1000m' } }, { labels: { rev: '1' } }, false],
  ['an argument that looks like a quantity', { args: ['0.7'] }, { args: ['700m'] }, false],
  [
    'a setting of a driver called limits',
    { volumeAttributes: { limits: '1k' } },
    { volumeAttributes: { limits: '1000' } },
    false,
  ],
  ['a port that became text', { port: 9090 }, { port: '9090' }, false],
  ['a named thing that a webhook added', [{ name: 'a' }], [{ name: 'x' }, { name: 'a', more: 1 }], true],
  ['a named thing that is gone', [{ name: 'a' }], [{ name: 'b' }], false],
  ['a plain list in another order', ['a', 'b'], ['b', 'a'], false],
  ['an unnamed thing more', [{ port: 1 }], [{ port: 1 }, { port: 2 }], false],
  ['an empty object that the server dropped', { emptyDir: {}, limits: {} }, { emptyDir: {} }, true],
  ['an empty list and a false that the server dropped', { mounts: [], publish: false }, {}, true],
  ['a false that became true', { publish: false }, { publish: true }, false],
  ['a zero that is gone', { replicas: 0 }, {}, false],
  ['an empty value that the server dropped', { name: 'A', value: '' }, { name: 'A' }, true],
])('%s', (_name, wanted, observed, is) => {
  expect(holds(wanted, observed)).toBe(is);
});

const child = (spec: unknown): KubernetesObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'a', annotations: { mine: 'x' } },
    spec,
  }) as KubernetesObject;

test('an object is up to date as it was applied, also after the server filled in defaults', () => {
  const applied = stamped(child({ a: 1 })) as KubernetesObject & { spec: object };
  expect(
    isUpToDate(child({ a: 1 }), { ...applied, spec: { ...applied.spec, clusterIP: '10.0.0.1' } } as KubernetesObject),
  ).toBe(true);
});

test('a field that is no longer wanted is seen, although all that is wanted is there', () => {
  const applied = stamped(child({ a: 1, b: 2 }));
  expect(isUpToDate(child({ a: 1 }), applied)).toBe(false);
});

test('a field that somebody else changed is seen, although the stamp fits', () => {
  const applied = stamped(child({ a: 1 }));
  expect(isUpToDate(child({ a: 1 }), { ...applied, spec: { a: 9 } } as KubernetesObject)).toBe(false);
});
