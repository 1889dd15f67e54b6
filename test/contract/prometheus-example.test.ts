// The scrape config for a Prometheus without its operator: promtool accepts it, and it finds the pods that are really made.

import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { childLabels } from '../../operator/api/names.ts';
import { find, render } from '../support/chart.ts';
import { podOf } from '../support/desired.ts';
import { promtool } from '../support/promtool.ts';

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const example = 'examples/monitoring/prometheus.yaml';

interface Job {
  readonly job_name: string;
  readonly honor_labels: boolean;
  readonly kubernetes_sd_configs: readonly [{ readonly selectors: readonly [{ readonly label: string }] }];
  readonly relabel_configs: readonly { readonly action?: string; readonly regex?: string }[];
}
const jobs = (parse(readFileSync(path(example), 'utf8')) as { scrape_configs: readonly Job[] }).scrape_configs;
const labelsOf = ({ kubernetes_sd_configs: [{ selectors }] }: Job): Readonly<Record<string, string>> =>
  Object.fromEntries(selectors[0].label.split(',').map((pair) => pair.split('=')));
const portOf = ({ relabel_configs }: Job) => relabel_configs.find(({ action }) => action === 'keep')?.regex;

it('is a configuration that promtool accepts, with the rules of the chart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await copyFile(path('charts/inference-operator/files/alerts.yaml'), join(folder, 'alerts.yaml'));
  // Debian's promtool is built without any way to find pods.
  const found = readFileSync(path(example), 'utf8').replace(/kubernetes_sd_configs:(\n {6}.*)+/g, 'static_configs: []');
  expect(found.match(/static_configs/g)).toHaveLength(jobs.length);
  await writeFile(join(folder, 'prometheus.yaml'), found);
  expect(await promtool(folder, 'check', 'config', 'prometheus.yaml')).toContain('SUCCESS');
});

it('keeps the labels that the programs give', () => {
  expect(jobs.map(({ honor_labels }) => honor_labels)).toEqual([true, true]);
});

it('finds the sidecar of a model pod', () => {
  expect(childLabels('llm')).toMatchObject(labelsOf(jobs[0]!));
  const [sidecar] = podOf().initContainers;
  expect(sidecar.ports.map(({ name }: { name: string }) => name)).toContain(portOf(jobs[0]!));
});

it('finds the operator', async () => {
  const { template } = find(await render({}), 'Deployment').spec;
  expect(template.metadata.labels).toMatchObject(labelsOf(jobs[1]!));
  expect(template.spec.containers[0].ports.map(({ name }: { name: string }) => name)).toContain(portOf(jobs[1]!));
});
