// The operator's metrics, names in one place, every label value there from the start. They count; nobody decides by them.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { InferenceDeployment } from './api/inference-deployment.ts';
import type { Verb } from './cluster/api-error.ts';
import { registerDeploymentMetrics } from './deployment-metrics.ts';
import type { Outcome } from './reconcile/outcome.ts';

const outcomes = ['done', 'waiting', 'transient', 'stalled'] as const satisfies readonly Outcome['kind'][];
const verbs = ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'] as const satisfies readonly Verb[];

/** prom-client's own gauges with names that only counters may have: promtool complains of them. */
const misnamed = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total'];

export interface MetricSources {
  readonly queueDepth: () => number;
  readonly deployments: () => Iterable<InferenceDeployment>;
  readonly watchers: () => readonly {
    readonly name: string;
    readonly interruptions: number;
    stalenessSeconds(): number;
  }[];
  readonly isLeader: () => boolean;
}

export class OperatorMetrics {
  readonly registry = new Registry();
  readonly #reconciles = new Counter({
    name: 'inference_operator_reconciles_total',
    help: 'Reconciles, by outcome',
    labelNames: ['outcome'],
    registers: [this.registry],
  });
  readonly #seconds = new Histogram({
    name: 'inference_operator_reconcile_seconds',
    help: 'Duration of a reconcile',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    registers: [this.registry],
  });
  readonly #calls = new Counter({
    name: 'inference_operator_api_calls_total',
    help: 'Calls of the Kubernetes API, by verb and class of answer (none: no answer)',
    labelNames: ['verb', 'code'],
    registers: [this.registry],
  });
  readonly #statsFailures = new Counter({
    name: 'inference_operator_sidecar_stats_failures_total',
    help: 'Sidecars that did not answer for their figures',
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    for (const name of misnamed) this.registry.removeSingleMetric(name);
    for (const outcome of outcomes) this.#reconciles.inc({ outcome }, 0);
    for (const verb of verbs) for (const code of ['2xx', '4xx', '5xx', 'none']) this.#calls.inc({ verb, code }, 0);
  }

  reconciled(outcome: Outcome['kind'], seconds: number): void {
    this.#reconciles.inc({ outcome });
    this.#seconds.observe(seconds);
  }
  called(verb: Verb, status: number): void {
    this.#calls.inc({ verb, code: status === 0 ? 'none' : `${Math.floor(status / 100)}xx` });
  }
  statsFailed(): void {
    this.#statsFailures.inc();
  }

  /** Figures that are read when somebody asks. */
  observe(sources: MetricSources): void {
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers: [this.registry],
        collect() {
          this.set(read());
        },
      });
    gauge('inference_operator_queue_depth', 'Deployments that wait for a reconcile', sources.queueDepth);
    const { deployments } = sources;
    gauge('inference_operator_deployments', 'InferenceDeployments that are watched', () => [...deployments()].length);
    registerDeploymentMetrics(this.registry, deployments);
    gauge('inference_operator_leader', '1 while this process does the work', () => (sources.isLeader() ? 1 : 0));
    new Gauge({
      name: 'inference_operator_watch_staleness_seconds',
      help: 'Time since the API server last said anything on a watch',
      labelNames: ['watch'],
      registers: [this.registry],
      collect() {
        for (const watcher of sources.watchers()) this.set({ watch: watcher.name }, watcher.stalenessSeconds());
      },
    });
    new Gauge({
      name: 'inference_operator_watch_interruptions',
      help: 'Times a watch had to be taken up again since the start',
      labelNames: ['watch'],
      registers: [this.registry],
      collect() {
        for (const watcher of sources.watchers()) this.set({ watch: watcher.name }, watcher.interruptions);
      },
    });
  }
}
