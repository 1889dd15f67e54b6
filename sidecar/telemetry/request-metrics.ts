// What each request adds to the metrics when it ends, and each chunk of an event stream when it passes.
import type { Exchange } from '../ingress/exchange.ts';
import { type ProblemCode, problems } from '../ingress/problem.ts';
import type { Metrics } from './metrics.ts';

const counted = ['sync', 'async', 'proxy', 'container', 'lookup', 'health', 'websocket'] as const;

export class RequestMetrics {
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    for (const mode of counted) {
      metrics.counter('inference_requests_total').inc({ mode, code: '200' }, 0);
      metrics.histogram('inference_request_duration_seconds').zero({ mode });
      metrics.histogram('inference_time_to_first_byte_seconds').zero({ mode });
      metrics.histogram('inference_queue_wait_seconds').zero({ mode });
    }
    for (const code of Object.keys(problems)) metrics.counter('inference_problems_total').inc({ code }, 0);
  }

  ended(exchange: Exchange, durationMs: number): void {
    const { mode } = exchange;
    const metrics = this.#metrics;
    metrics.counter('inference_requests_total').inc({ mode, code: String(exchange.status) });
    metrics.histogram('inference_request_duration_seconds').observe({ mode }, durationMs / 1000);
    if (exchange.headMs >= 0) {
      metrics.histogram('inference_time_to_first_byte_seconds').observe({ mode }, exchange.headMs / 1000);
    }
    if (exchange.upstreamMs >= 0) {
      metrics.histogram('inference_queue_wait_seconds').observe({ mode }, exchange.queueMs / 1000);
    }
    if (exchange.problem) metrics.counter('inference_problems_total').inc({ code: exchange.problem.code });
  }

  /** Bytes that never became a request. */
  refused(code: ProblemCode): void {
    this.#metrics.counter('inference_problems_total').inc({ code });
  }

  firstToken(ms: number): void {
    this.#metrics.histogram('inference_time_to_first_token_seconds').observe(ms / 1000);
  }

  nextToken(gapMs: number): void {
    this.#metrics.histogram('inference_inter_token_gap_seconds').observe(gapMs / 1000);
  }
}
