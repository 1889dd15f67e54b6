// The queue's events as metrics: what queue/observer.ts names, counted.

import { problems } from '../ingress/problem.ts';
import type { QueueObserver, RequestEnd } from '../queue/observer.ts';
import type { Metrics } from './metrics.ts';

const storedModes = ['async', 'proxy'] as const;
const breakerStates = ['closed', 'open', 'probing'] as const;
const refusals = ['full', 'quota_exceeded', 'conflict', 'unreachable'] as const;
/** What requests wait for; rarer steps appear when they first happen. */
const storeOperations = [
  'submit',
  'claim',
  'renew',
  'complete',
  'fail',
  'status',
  'result',
  'cancel',
  'sweep',
] as const;
const deliveries = ['delivered', 'retried', 'given_up', 'refused'] as const;

function countEnd(metrics: Metrics, { outcome, code, attempt }: RequestEnd): void {
  if (outcome === 'canceled') metrics.counter('inference_async_canceled_total').inc();
  else if (outcome === 'expired') metrics.counter('inference_async_expired_total').inc();
  else if (outcome === 'failed') metrics.counter('inference_async_failed_total').inc({ code });
  else if (attempt !== undefined) {
    const { mode, ranMs } = attempt;
    metrics.counter('inference_async_completed_total').inc({ mode, code });
    metrics
      .tallied('inference_async_run_seconds')
      .series({ mode })
      .observe(ranMs / 1000);
  }
}

export function createQueueMetrics(metrics: Metrics): QueueObserver {
  let breaker: (typeof breakerStates)[number] = 'closed';
  metrics.stateOf('inference_breaker_state', breakerStates, () => breaker);
  for (const mode of storedModes) {
    metrics.counter('inference_async_accepted_total').inc({ mode }, 0);
    metrics.counter('inference_async_completed_total').inc({ mode, code: '200' }, 0);
    metrics.tallied('inference_async_run_seconds').series({ mode });
  }
  for (const reason of refusals) metrics.counter('inference_async_refused_total').inc({ reason }, 0);
  for (const outcome of deliveries) metrics.counter('inference_webhooks_total').inc({ outcome }, 0);
  for (const operation of storeOperations) {
    metrics.counter('inference_store_errors_total').inc({ operation }, 0);
    metrics.tallied('inference_store_operation_seconds').series({ operation });
  }
  for (const whose of ['own', 'other']) metrics.counter('inference_async_leases_lost_total').inc({ whose }, 0);
  for (const [code, { status }] of Object.entries(problems)) {
    if (status !== 502) continue;
    metrics.counter('inference_async_retried_total').inc({ code }, 0);
    metrics.counter('inference_async_failed_total').inc({ code }, 0);
  }
  metrics.counter('inference_async_failed_total').inc({ code: 'lease_lost' }, 0);
  return {
    accepted: (mode) => metrics.counter('inference_async_accepted_total').inc({ mode }),
    refused: (reason) => metrics.counter('inference_async_refused_total').inc({ reason }),
    claimed: (mode, _attempt, waitedMs) => {
      if (waitedMs !== null)
        metrics
          .tallied('inference_queue_wait_seconds')
          .series({ mode })
          .observe(waitedMs / 1000);
    },
    ended: (end) => countEnd(metrics, end),
    retried: (code) => metrics.counter('inference_async_retried_total').inc({ code }),
    handedBack: () => metrics.counter('inference_async_handed_back_total').inc(),
    leaseLost: (whose, count) => metrics.counter('inference_async_leases_lost_total').inc({ whose }, count),
    breaker: (state) => {
      breaker = state;
    },
    webhook: (outcome) => metrics.counter('inference_webhooks_total').inc({ outcome }),
    figures: (queued, running, oldestQueuedSeconds, deadLetters, storedBytes) => {
      metrics.gauge('inference_async_queued').set(queued);
      metrics.gauge('inference_async_running').set(running);
      metrics.gauge('inference_oldest_waiting_age_seconds').set(oldestQueuedSeconds);
      metrics.gauge('inference_async_dead_letters').set(deadLetters);
      metrics.gauge('inference_stored_bytes').set(storedBytes);
    },
    storeLatency: (operation, seconds) =>
      metrics.tallied('inference_store_operation_seconds').series({ operation }).observe(seconds),
    storeError: (operation) => metrics.counter('inference_store_errors_total').inc({ operation }),
  };
}
