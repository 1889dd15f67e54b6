// The sidecar's metrics on prom-client, every series there from the start with zero so that rates and alerts work at once.
// What is counted per request is in request-metrics.ts, per queue event in queue-metrics.ts.
import type { Metric } from 'prom-client';
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Registry from 'prom-client/lib/registry.js';
import { type CounterName, type GaugeName, type HistogramName, type MetricName, metricNames } from './metric-names.ts';
import { TalliedHistogram } from './tally.ts';

/** prom-client's own gauges with names that only counters may have: promtool complains of them. */
const MISNAMED = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total'];

export class Metrics {
  readonly #registry = new Registry();
  readonly #byName = new Map<MetricName, Counter | Gauge | TalliedHistogram>();
  #ofProcess: Promise<void> | undefined;

  /** Every series says whose it is: whoever scrapes without knowing the pod's labels needs it. */
  constructor(deployment: { readonly namespace: string; readonly name: string }) {
    this.#registry.setDefaultLabels({ namespace: deployment.namespace, deployment: deployment.name });
    for (const name of Object.keys(metricNames) as MetricName[]) this.#byName.set(name, this.#create(name));
  }

  /** With the metrics of process and event loop, from the first reading on. */
  async read(): Promise<Registry> {
    this.#ofProcess ??= collectOfProcess(this.#registry);
    await this.#ofProcess;
    return this.#registry;
  }

  counter(name: CounterName): Counter {
    return this.#byName.get(name) as Counter;
  }

  gauge(name: GaugeName): Gauge {
    return this.#byName.get(name) as Gauge;
  }

  tallied(name: HistogramName): TalliedHistogram {
    return this.#byName.get(name) as TalliedHistogram;
  }

  /** Called each time somebody reads the metrics. */
  beforeRead(name: CounterName, call: () => void): void {
    (this.counter(name) as Counter & { collect: () => void }).collect = call;
  }

  /** Asked for its value when it is read, instead of told at each change. */
  gaugeOf(name: GaugeName, value: () => number): void {
    const gauge = this.gauge(name);
    // prom-client calls `collect` before each read.
    (gauge as Gauge & { collect: () => void }).collect = () => gauge.set(value());
  }

  /** The same for a number that only grows. */
  countOf(name: CounterName, value: () => number): void {
    const counter = this.counter(name);
    let counted = 0;
    this.beforeRead(name, () => {
      counter.inc(value() - counted);
      counted = value();
    });
  }

  /** 1 for the value a label has now, 0 for its others. */
  stateOf<S extends string>(name: GaugeName, states: readonly S[], state: () => S): void {
    const gauge = this.gauge(name);
    (gauge as Gauge & { collect: () => void }).collect = () => {
      const now = state();
      for (const each of states) gauge.set({ state: each }, each === now ? 1 : 0);
    };
  }

  #create(name: MetricName): Counter | Gauge | TalliedHistogram {
    const row: { kind: string; help: string; labels?: readonly string[]; buckets?: readonly number[] } =
      metricNames[name];
    const base = { name, help: row.help, labelNames: [...(row.labels ?? [])], registers: [this.#registry] };
    if (row.kind === 'counter') return new Counter(base);
    if (row.kind === 'gauge') return new Gauge(base);
    const histogram = new TalliedHistogram(name, row.help, row.buckets ?? []);
    this.#registry.registerMetric(histogram as unknown as Metric<string>);
    return histogram;
  }
}

/**
 * Loaded for who reads them: they look at the event loop every 10 ms and at each garbage collection, and bring 1 MiB of Node's
 * modules, which a pod that nobody watches need not pay.
 */
async function collectOfProcess(registry: Registry): Promise<void> {
  const { default: collectDefaultMetrics } = await import('prom-client/lib/defaultMetrics.js');
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}
