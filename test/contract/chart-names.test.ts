// Whatever a release is called, every name that the chart gives is taken by its kind, with room for what Kubernetes adds, and two
// releases never share one.
import { describe, expect, it } from 'vitest';
import { type Rendered, render } from '../support/chart.ts';
import { refusals } from '../support/chart-admission.ts';

const everything = {
  redis: { tls: { enabled: true } },
  test: { deployment: 'llm' },
  watchNamespaces: ['n'.repeat(63), '2024'],
  monitoring: { podMonitor: { enabled: true }, prometheusRule: { enabled: true } },
};
const longest = `r${'0'.repeat(51)}z`;

/** Most characters of a name, by kind, and what Kubernetes makes of it that must fit. */
const room: Readonly<Record<string, number>> = {
  // Label controller-revision-hash of its pods: the name, "-" and up to ten characters, at most 63 in all.
  StatefulSet: 52,
  // Name of its pods, which is their host name: "-", ten characters of the template's hash, "-" and five.
  Deployment: 46,
  // A label of DNS, as is the host name of a pod.
  Service: 63,
  Pod: 63,
};
const MOST = 253;

const ways: readonly (readonly [string, Parameters<typeof render>[0]])[] = [
  ['the release of the trial', { release: 'ml-platform-production-eu-west-1' }],
  ['the longest release in the longest namespace', { release: longest, namespace: 'n'.repeat(63) }],
  ['a release with our name in it', { release: `inference-operator-${'x'.repeat(34)}` }],
  ['a release that is a number', { release: '77', namespace: '2024' }],
  ['a release with dots', { release: 'ml.v2.eu', namespace: 'a' }],
  [
    'the longest names of your own',
    { values: { fullnameOverride: `f${'x'.repeat(62)}`, nameOverride: 'n'.repeat(63) } },
  ],
  ['the longest name in place of the chart’s', { values: { nameOverride: `n${'-x'.repeat(31)}` } }],
];

describe.each(ways)('%s', (_, options) => {
  it('has names that every kind takes, those of the pods included', async () => {
    const objects = await render({ ...options, values: { ...everything, ...(options?.values as object) } });
    expect(refusals(objects)).toEqual([]);
    for (const { kind, metadata } of objects) {
      expect(metadata.name.length, `${kind} ${metadata.name}`).toBeLessThanOrEqual(room[kind] ?? MOST);
      for (const [key, value] of Object.entries(metadata.labels as Record<string, string>)) {
        expect(value, `label ${key} of ${kind}`).toMatch(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
      }
    }
  });
});

it('leaves a name that fits as it is', async () => {
  const objects = await render({ release: 'demo' });
  expect(objects.map(({ metadata }) => metadata.name)).toContain('demo-inference-operator-redis');
});

it.each([
  ['differ after the cut', `${longest.slice(0, -1)}a`, `${longest.slice(0, -1)}b`],
  ['differ in what a name cannot hold', 'ml.v2', 'ml-v2'],
  ['differ in what is put before a digit', '77', 'n-77'],
])('gives other names to releases that %s', async (_, one, other) => {
  const names = async (release: string) =>
    (await render({ release, values: everything }))
      .filter(({ kind }) => kind !== 'CustomResourceDefinition')
      .map(({ kind, metadata }: Rendered) => `${kind} ${metadata.namespace} ${metadata.name}`);
  const [ofOne, ofOther] = [await names(one), await names(other)];
  expect(ofOne.filter((name) => ofOther.includes(name))).toEqual([]);
  expect(await names(one), 'the same each time').toEqual(ofOne);
});
