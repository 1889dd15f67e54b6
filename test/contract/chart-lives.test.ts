// What Helm does over the life of a release, as far as rendering shows it: the definition travels with upgrades and outlives an
// uninstallation, a changed configuration replaces the pods that read it, a new chart version replaces none without need.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectDir } from '../../dev/bundle.ts';
import { chartDir, find, helm, type Rendered, render } from '../support/chart.ts';

it('brings the resource definition along as it is, and keeps it on uninstallation unless asked', async () => {
  const source = parse(readFileSync(join(projectDir, 'crds', 'inferencedeployment.yaml'), 'utf8'));
  const kept = find(await render(), 'CustomResourceDefinition');
  expect(kept.spec).toEqual(source.spec);
  expect(kept.metadata).toMatchObject({
    name: source.metadata.name,
    annotations: { 'helm.sh/resource-policy': 'keep' },
  });
  const removed = find(await render({ values: { crds: { keep: false } } }), 'CustomResourceDefinition');
  expect(removed.metadata.annotations).toBeUndefined();
  expect(await helm('show', 'crds', chartDir), 'definitions that Helm would never upgrade').toBe('');
});

it('keeps the password and the volume of Redis on uninstallation', async () => {
  const objects = await render({ values: { redis: { tls: { enabled: true } } } });
  for (const end of ['-redis', '-redis-tls']) {
    expect(find(objects, 'Secret', end).metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
  }
  expect(find(objects, 'StatefulSet').spec.persistentVolumeClaimRetentionPolicy).toEqual({
    whenDeleted: 'Retain',
    whenScaled: 'Retain',
  });
});

it('makes a password of its own each time it finds none, and takes a given one', async () => {
  const password = async (values: unknown) =>
    Buffer.from(find(await render({ values }), 'Secret', '-redis').data.password, 'base64').toString();
  const first = await password({});
  expect(first).toMatch(/^[A-Za-z0-9]{40}$/);
  expect(await password({})).not.toBe(first);
  expect(await password({ redis: { auth: { password: 'a given pass-word'.replaceAll(' ', '_') } } })).toBe(
    'a_given_pass-word',
  );
});

it('replaces the Redis pod when its configuration changed, the operator when the store did, and nothing otherwise', async () => {
  const templates = async (values: unknown): Promise<readonly Rendered[]> => {
    const objects = await render({ values });
    return [find(objects, 'StatefulSet').spec.template, find(objects, 'Deployment').spec.template];
  };
  const [redis, operator] = await templates({});
  expect(await templates({})).toEqual([redis, operator]);
  expect((await templates({ redis: { maxmemory: '2gb' } }))[0]).not.toEqual(redis);
  const [redisAfter, operatorAfter] = await templates({ redis: { auth: { password: 'another-password' } } });
  // Both or neither: whoever kept the former password would be refused by the other.
  expect(redisAfter).not.toEqual(redis);
  expect(operatorAfter).not.toEqual(operator);
  for (const template of [redis, operator])
    expect(Object.keys(template.metadata.labels)).not.toContain('helm.sh/chart');
});

it('has selectors and claim templates that no value but the names changes: Kubernetes never lets them change', async () => {
  const fixed = async (values: unknown) => {
    const objects = await render({ values });
    return [find(objects, 'Deployment').spec.selector, find(objects, 'StatefulSet').spec.selector];
  };
  expect(await fixed({ commonLabels: { a: 'b' }, redis: { podLabels: { c: 'd' } } })).toEqual(await fixed({}));
});
