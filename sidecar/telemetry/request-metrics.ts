// What each request adds to the metrics when it ends, and each chunk of an event stream when it passes.
import type { Exchange } from '../ingress/exchange.ts';
import { type ProblemCode, problems } from '../ingress/problem.ts';
import type { Metrics } from './metrics.ts';
import type { Tally } from './tally.ts';

const modes = ['sync', 'async', 'proxy', 'container', 'lookup', 'health', 'websocket'] as const;
type CountedMode = (typeof modes)[number];

/** The series of one mode. */
interface Series {
  readonly duration: Tally;
  readonly firstByte: Tally;
  readonly queueWait: Tally;
  /** Requests by status code since the last look. */
  readonly codes: Map<number, number>;
}

export class RequestMetrics {
  readonly #metrics: Metrics;
  readonly #byMode: Readonly<Record<CountedMode, Series>>;
  readonly #firstToken: Tally;
  readonly #tokenGap: Tally;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    this.#byMode = Object.fromEntries(modes.map((mode) => [mode, seriesOf(metrics, mode)])) as Record<
      CountedMode,
      Series
    >;
    this.#firstToken = metrics.tallied('inference_time_to_first_token_seconds').series({});
    this.#tokenGap = metrics.tallied('inference_inter_token_gap_seconds').series({});
    for (const mode of modes) metrics.counter('inference_requests_total').inc({ mode, code: '200' }, 0);
    for (const code of Object.keys(problems)) metrics.counter('inference_problems_total').inc({ code }, 0);
    metrics.beforeRead('inference_requests_total', () => this.#handOver());
  }

  ended(exchange: Exchange, durationMs: number): void {
    const series = this.#byMode[exchange.mode];
    const { status } = exchange;
    series.codes.set(status, (series.codes.get(status) ?? 0) + 1);
    series.duration.observe(durationMs / 1000);
    if (exchange.headMs >= 0) series.firstByte.observe(exchange.headMs / 1000);
    if (exchange.upstreamMs >= 0) series.queueWait.observe(exchange.queueMs / 1000);
    if (exchange.problem) this.refused(exchange.problem.code);
  }

  /** An answer of the error table, also to bytes that never became a request. */
  refused(code: ProblemCode): void {
    this.#metrics.counter('inference_problems_total').inc({ code });
  }

  firstToken(ms: number): void {
    this.#firstToken.observe(ms / 1000);
  }

  nextToken(gapMs: number): void {
    this.#tokenGap.observe(gapMs / 1000);
  }

  #handOver(): void {
    const counter = this.#metrics.counter('inference_requests_total');
    for (const mode of modes) {
      const { codes } = this.#byMode[mode];
      for (const [code, count] of codes) counter.inc({ mode, code: String(code) }, count);
      codes.clear();
    }
  }
}

function seriesOf(metrics: Metrics, mode: CountedMode): Series {
  return {
    duration: metrics.tallied('inference_request_duration_seconds').series({ mode }),
    firstByte: metrics.tallied('inference_time_to_first_byte_seconds').series({ mode }),
    queueWait: metrics.tallied('inference_queue_wait_seconds').series({ mode }),
    codes: new Map(),
  };
}
