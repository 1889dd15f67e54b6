// Takes keys from the queue, has each reconciled, and decides from the outcome when it comes back. A worker never dies:
// whatever a reconcile throws is an outcome too.
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Key } from '../api/names.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { lookAgainMs, type Outcome } from '../reconcile/outcome.ts';
import type { Workqueue } from './workqueue.ts';

export interface WorkerParts {
  readonly queue: Workqueue;
  readonly reconcile: (key: Key) => Promise<Outcome>;
  readonly metrics: OperatorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Resolves when the queue is closed and every reconcile under way has ended. */
export async function runWorkers(count: number, parts: WorkerParts): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => work(parts)));
}

async function work(parts: WorkerParts): Promise<void> {
  const { queue } = parts;
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    await reconcileOne(key, parts);
    queue.done(key);
  }
}

async function reconcileOne(key: Key, { queue, reconcile, metrics, clock, log }: WorkerParts): Promise<void> {
  const startedMs = clock.monotonicMs();
  const outcome = await reconcile(key).catch((error: unknown): Outcome => ({ kind: 'transient', error }));
  metrics.reconciled(outcome.kind, (clock.monotonicMs() - startedMs) / 1000);
  if (outcome.kind === 'transient') {
    log.warn({ key, err: outcome.error }, 'reconcile failed; trying again');
    queue.addAfterFailure(key);
    return;
  }
  queue.succeeded(key);
  if (outcome.kind === 'stalled') log.warn({ key, ...outcome.problem }, 'reconcile needs somebody to act');
  const afterMs = lookAgainMs(outcome);
  if (afterMs !== undefined) queue.addAfter(key, afterMs);
}
