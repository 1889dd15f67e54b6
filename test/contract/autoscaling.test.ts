// The manifests for autoscalers: both ask for the same work, in metrics that the sidecars have, under the labels that the sidecars
// give them; promtool works it out on figures of two replicas. That the API server takes them: integration/examples-apply.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { projectDir } from '../../dev/bundle.ts';
import { API_VERSION, KIND } from '../../operator/api/names.ts';
import { metricNames } from '../../sidecar/telemetry/metric-names.ts';
import type { Rendered } from '../support/chart.ts';
import { made, one } from '../support/desired.ts';
import { promtool } from '../support/promtool.ts';

const example = (path: string): Rendered => parse(readFileSync(join(projectDir, 'examples', path), 'utf8'));
const deployment = example('vllm-deepseek.yaml');
const keda = example('autoscaling/keda.yaml').spec;
const hpa = example('autoscaling/hpa.yaml').spec;
const adapter = example('autoscaling/prometheus-adapter.yaml').rules.external[0];
const external = hpa.metrics[0].external;
const trigger = keda.triggers[0].metadata;

const name: string = deployment.metadata.name;
/** As Prometheus Adapter fills in its template: the HPA's namespace and the metric's selector. */
const ofAdapter = adapter.metricsQuery.replaceAll(
  '<<.LabelMatchers>>',
  [...Object.entries(external.metric.selector.matchLabels), ['namespace', 'default']]
    .map(([label, value]) => `${label}="${value}"`)
    .join(','),
);

it('scales an InferenceDeployment of the examples, a replica for each spec.concurrency of requests', () => {
  for (const { scaleTargetRef } of [keda, hpa]) {
    expect(scaleTargetRef).toEqual({ apiVersion: API_VERSION, kind: KIND, name });
  }
  expect(Number(trigger.threshold)).toBe(deployment.spec.concurrency);
  expect(Number(external.target.averageValue)).toBe(deployment.spec.concurrency);
  expect([keda.minReplicaCount, hpa.minReplicas]).toEqual([1, 1]);
  expect(deployment.spec.replicas, 'kubectl apply would set it back').toBeUndefined();
});

it.each([
  ['KEDA', trigger.query],
  ['Prometheus Adapter', ofAdapter],
])('%s counts what is inside, what waits, and the common queue once', async (_, query) => {
  const asked: readonly string[] = query.match(/inference_\w+/g);
  expect(asked.filter((metric) => !(metric in metricNames))).toEqual([]);
  const pod = (index: number) => `namespace="default",deployment="${name}",pod="${name}-${index}"`;
  const another = 'namespace="default",deployment="another",pod="another-1"';
  const series = {
    [`inference_in_flight{${pod(1)}}`]: '32',
    [`inference_in_flight{${pod(2)}}`]: '30',
    [`inference_waiting{${pod(1)}}`]: '4',
    [`inference_waiting{${pod(2)}}`]: '0',
    [`inference_async_queued{${pod(1)}}`]: '100',
    [`inference_async_queued{${pod(2)}}`]: '100',
    [`inference_in_flight{${another}}`]: '7',
    [`inference_waiting{${another}}`]: '7',
    [`inference_async_queued{${another}}`]: '777',
  };
  expect(await evaluated(query, series, 32 + 30 + 4 + 100)).toContain('SUCCESS');
});

it('finds the metric under the name and labels that the autoscaler asks for', () => {
  expect(adapter.name.as).toBe(external.metric.name);
  const [, series] = /^(\w+)\{/.exec(adapter.seriesQuery) ?? [];
  expect(metricNames).toHaveProperty(series ?? '');
  const [endpoint] = one(made(), 'PodMonitor').spec.podMetricsEndpoints;
  // The sidecar's series name their deployment themselves (test/integration/admin-port.test.ts).
  expect(endpoint.honorLabels).toBe(true);
});

/** promtool's verdict: does the query give the value on these series? */
async function evaluated(query: string, series: Readonly<Record<string, string>>, value: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'query-'));
  try {
    const input_series = Object.entries(series).map(([key, values]) => ({ series: key, values }));
    const promql_expr_test = [{ expr: query, eval_time: '0m', exp_samples: [{ labels: '{}', value }] }];
    const tests = [{ interval: '1m', input_series, promql_expr_test }];
    await writeFile(join(folder, 'query.yaml'), stringify({ rule_files: [], tests }));
    return await promtool(folder, 'test', 'rules', 'query.yaml');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
