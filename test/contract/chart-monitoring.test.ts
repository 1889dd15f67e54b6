// The chart's alerts and dashboard: promtool accepts them, they ask only for metrics that the programs have, and each alert fires
// on the figures it is for and stays silent on healthy ones.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { OperatorMetrics } from '../../operator/metrics.ts';
import { Metrics } from '../../sidecar/telemetry/metrics.ts';
import { alertCases, healthySeries } from '../support/alert-cases.ts';
import { find, type Rendered, render } from '../support/chart.ts';
import { promtool } from '../support/promtool.ts';

let folder: string;
let groups: readonly Rendered[];
let dashboard: Rendered;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rules-'));
  const objects = await render({ values: { monitoring: { prometheusRule: { enabled: true } } } });
  groups = find(objects, 'PrometheusRule').spec.groups;
  dashboard = JSON.parse(find(objects, 'ConfigMap', '-dashboard').data['inference-deployments.json']);
  await writeFile(join(folder, 'rules.yaml'), stringify({ groups }));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const rules = (): readonly Rendered[] => groups.flatMap((group) => group.rules);
const questions = (): readonly string[] =>
  dashboard.panels.flatMap((panel: Rendered) => (panel.targets ?? []).map((target: Rendered) => target.expr));

it('has rules that promtool accepts', async () => {
  expect(await promtool(folder, 'check', 'rules', 'rules.yaml')).toContain(`SUCCESS: ${rules().length} rules found`);
});

it('has a dashboard whose questions promtool accepts', async () => {
  const records = questions().map((expr, index) => ({
    record: `panel:${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  }));
  expect(records.length).toBeGreaterThan(15);
  await writeFile(join(folder, 'panels.yaml'), stringify({ groups: [{ name: 'panels', rules: records }] }));
  expect(await promtool(folder, 'check', 'rules', 'panels.yaml')).toContain('SUCCESS');
});

it('asks only for metrics that the programs have', async () => {
  const operator = new OperatorMetrics();
  operator.observe({ queueDepth: () => 0, deployments: () => [], watchers: () => [], isLeader: () => true });
  const known = new Set(
    [operator.registry, await new Metrics({ namespace: 'models', name: 'llm' }).read()].flatMap((registry) =>
      registry.getMetricsAsArray().map(({ name }) => name),
    ),
  );
  const asked = [...rules().map(({ expr }) => expr as string), ...questions()].flatMap(
    (expr) => expr.replace(/\{[^}]*\}/g, '').match(/\b(inference|nodejs|process)_\w+/g) ?? [],
  );
  expect(asked.length).toBeGreaterThan(30);
  const base = (name: string) => (known.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''));
  expect([...new Set(asked)].filter((name) => !known.has(base(name)))).toEqual([]);
});

it('explains every alert: what it means and what to do', () => {
  for (const { alert, labels, annotations } of rules()) {
    expect(labels.severity, alert).toMatch(/^(critical|warning)$/);
    expect(annotations.summary.length, alert).toBeGreaterThan(20);
    expect(annotations.description, alert).toMatch(/\.|\?/);
  }
});

it('has a case for every alert', () => {
  expect(
    rules()
      .map(({ alert }) => alert)
      .sort(),
  ).toEqual([...new Set(alertCases.map(({ alert }) => alert))].sort());
});

it.each(alertCases)('$alert fires when it should', async ({ alert, series, at, labels }) => {
  const rule = rules().find((one) => one.alert === alert);
  const name = `fires-${alert}.yaml`;
  const expected = { exp_labels: { severity: rule.labels.severity, ...labels } };
  await writeFile(join(folder, name), ruleTest(series, [{ alertname: alert, eval_time: at, exp_alerts: [expected] }]));
  // promtool compares annotations too and prints what it got: the labels are what this test is about.
  const output = await promtool(folder, 'test', 'rules', name).catch((error: Error) => error.message);
  const got = output.split(/got:/)[1] ?? '';
  if (!output.includes('SUCCESS'))
    for (const [key, value] of Object.entries(labels)) expect(got, output).toContain(`${key}="${value}"`);
  expect(output).not.toMatch(/got:\s*\[\s*\]/);
});

it('is silent on healthy figures', async () => {
  const silent = rules().map(({ alert }) => ({ alertname: alert, eval_time: '60m', exp_alerts: [] }));
  await writeFile(join(folder, 'silent.yaml'), ruleTest(healthySeries, silent));
  expect(await promtool(folder, 'test', 'rules', 'silent.yaml')).toContain('SUCCESS');
});

function ruleTest(series: Readonly<Record<string, string>>, expectations: readonly unknown[]): string {
  const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }));
  return stringify({
    rule_files: ['rules.yaml'],
    evaluation_interval: '1m',
    tests: [{ interval: '1m', input_series, alert_rule_test: expectations }],
  });
}
