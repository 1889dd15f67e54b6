// The chart as a dependency of another: switched on and off by a condition or a tag, beside the parent's global values.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { chartDir, find, render } from '../support/chart.ts';
import { refusals } from '../support/chart-admission.ts';

let chart: string;
beforeAll(async () => {
  chart = await mkdtemp(join(tmpdir(), 'umbrella-'));
  await cp(chartDir, join(chart, 'charts', 'inference-operator'), { recursive: true });
  await parent({});
});
afterAll(() => rm(chart, { recursive: true, force: true }));

const parent = (dependency: object) =>
  writeFile(
    join(chart, 'Chart.yaml'),
    stringify({
      apiVersion: 'v2',
      name: 'platform',
      version: '1.0.0',
      dependencies: [
        {
          name: 'inference-operator',
          version: '0.1.0',
          condition: 'inference-operator.enabled',
          tags: ['serving'],
          ...dependency,
        },
      ],
    }),
  );

const ours = { operator: { logLevel: 'debug' }, redis: { persistence: { size: '8Gi' } } };

it.each([
  ['by its condition', { 'inference-operator': { ...ours, enabled: true } }],
  ['by a tag', { tags: { serving: true }, 'inference-operator': ours }],
  ['beside global values', { global: { imageRegistry: 'r', team: 'ml' }, 'inference-operator': ours }],
])('is installed %s', async (_, values) => {
  const objects = await render({ chart, release: 'platform', values });
  expect(refusals(objects)).toEqual([]);
  const operator = find(objects, 'Deployment');
  expect(operator.metadata.name).toBe('platform-inference-operator');
  expect(operator.spec.template.spec.containers[0].env).toContainEqual({ name: 'OPERATOR_LOG_LEVEL', value: 'debug' });
});

it.each([
  ['by its condition', { 'inference-operator': { enabled: false } }],
  ['by a tag', { tags: { serving: false } }],
])('is left out %s', async (_, values) => {
  expect(await render({ chart, values })).toEqual([]);
});

it('takes a null of the parent as the chart itself does, and still refuses what it does not know', async () => {
  const values = (own: object) => ({ 'inference-operator': own });
  expect(refusals(await render({ chart, values: values({ sidecar: { resources: null } }) }))).toEqual([]);
  const refused = render({ chart, values: values({ operator: { replcas: 3 } }) });
  await expect(refused).rejects.toThrow("additional properties 'replcas' not allowed");
});

it('keeps its names and labels within bounds under an alias, however long', async () => {
  const alias = `a${'-very-long-alias'.repeat(6)}`;
  await parent({ alias, condition: `${alias}.enabled` });
  expect(refusals(await render({ chart, values: { [alias]: { enabled: true } } }))).toEqual([]);
});
