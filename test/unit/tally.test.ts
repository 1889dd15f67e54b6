// Tallied histograms read like prom-client's own: the same observations give the same text.
import { Histogram, type Metric, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { TalliedHistogram } from '../../sidecar/telemetry/tally.ts';

const bounds = [0.1, 1, 10];
const observations = [
  ['a', 0],
  ['a', 0.1],
  ['a', 0.100001],
  ['b', 1],
  ['a', 5],
  ['b', 10],
  ['b', 10.5],
  ['a', 1e6],
] as const;

async function textOf(observe: (registry: Registry) => void): Promise<readonly string[]> {
  const registry = new Registry();
  observe(registry);
  return (await registry.metrics()).split('\n').sort();
}

test('the same text as prom-client for the same observations', async () => {
  const tallied = await textOf((registry) => {
    const histogram = new TalliedHistogram('x_seconds', 'help', bounds);
    registry.registerMetric(histogram as unknown as Metric<string>);
    for (const [mode, value] of observations) histogram.series({ mode }).observe(value);
  });
  const own = await textOf((registry) => {
    const labelNames = ['mode'];
    const histogram = new Histogram({
      name: 'x_seconds',
      help: 'help',
      buckets: bounds,
      labelNames,
      registers: [registry],
    });
    for (const [mode, value] of observations) histogram.observe({ mode }, value);
  });
  expect(tallied).toEqual(own);
});

test('a series is there with zero before anything is observed', async () => {
  const histogram = new TalliedHistogram('x_seconds', 'help', bounds);
  histogram.series({});
  const { values } = await histogram.get();
  expect(values.at(-1)).toEqual({ metricName: 'x_seconds_count', labels: {}, value: 0 });
});
