// The queue as the request path sees it, over a store: adds what needs this replica's memory (the measured rate, waiting for
// changes) and counts what clients ask for. Runs nothing; the worker does.
import type { Clock } from '../../runtime/clock.ts';
import { randomId } from '../../runtime/random-id.ts';
import type { RequestStatus, Submission } from '../store/record.ts';
import type { CancelOutcome, QueueFigures, ResultOutcome, Store, StreamRead, SubmitOutcome } from '../store/store.ts';
import type { QueueObserver } from './observer.ts';
import type { Queue, QueuedStatus } from './queue.ts';
import { untilCalled } from './waiting.ts';

/** A change may be missed while the connection that tells of them is down. */
const slowLookMs = 2000;

export class StoreQueue implements Queue {
  readonly #store: () => Store;
  readonly #clock: Clock;
  readonly #observer: QueueObserver;
  readonly #departuresPerSecond: () => number | null;

  constructor(store: () => Store, clock: Clock, observer: QueueObserver, departuresPerSecond: () => number | null) {
    this.#store = store;
    this.#clock = clock;
    this.#observer = observer;
    this.#departuresPerSecond = departuresPerSecond;
  }

  async submit(submission: Submission): Promise<SubmitOutcome> {
    const rate = this.#departuresPerSecond();
    const reachable = rate === null ? -1 : Math.floor((rate * submission.ttlMs) / 1000);
    const outcome = await this.#store().submit(submission, reachable);
    if (outcome.kind === 'accepted') this.#observer.accepted(submission.mode);
    else if (outcome.kind !== 'duplicate') this.#observer.refused(outcome.kind);
    return outcome;
  }

  async status(id: string): Promise<QueuedStatus | null> {
    const status = await this.#store().status(id);
    if (status === null) return null;
    const { position } = status;
    return { ...status, estimatedWaitSeconds: position === null ? null : this.estimateWaitSeconds(position) };
  }

  async result(id: string): Promise<ResultOutcome> {
    return this.#store().result(id);
  }

  async cancel(id: string): Promise<CancelOutcome> {
    const outcome = await this.#store().cancel(id);
    if (outcome === 'canceled') this.#observer.canceled();
    return outcome;
  }

  async figures(): Promise<QueueFigures> {
    return this.#store().figures();
  }

  async readStream(id: string, afterSequence: number, max: number): Promise<StreamRead> {
    return this.#store().readStream(id, afterSequence, max);
  }

  async deadLetters(max: number): Promise<readonly RequestStatus[]> {
    return this.#store().deadLetters(max);
  }

  async replay(id: string): Promise<{ readonly id: string; readonly outcome: SubmitOutcome } | null> {
    const newId = randomId();
    const outcome = await this.#store().replay(id, newId);
    if (outcome === null) return null;
    if (outcome.kind === 'accepted') this.#observer.accepted('async');
    return { id: newId, outcome };
  }

  async waitUntilDone(id: string, waitMs: number, signal: AbortSignal): Promise<void> {
    const endMs = this.#clock.monotonicMs() + waitMs;
    for (;;) {
      // Listening begins before looking, so that no change falls in between.
      const look = new AbortController();
      const change = this.waitForChange(id, Math.min(endMs - this.#clock.monotonicMs(), slowLookMs), look.signal);
      const stop = (): void => look.abort();
      signal.addEventListener('abort', stop, { once: true });
      try {
        const status = await this.#store().status(id);
        if (status === null || status.state === 'done' || signal.aborted) return;
        await change;
        if (signal.aborted || this.#clock.monotonicMs() >= endMs) return;
      } finally {
        signal.removeEventListener('abort', stop);
        look.abort();
      }
    }
  }

  waitForChange(id: string, waitMs: number, signal: AbortSignal): Promise<void> {
    return untilCalled(this.#clock, waitMs, signal, (call) => this.#store().onChange(id, call));
  }

  estimateWaitSeconds(position: number): number | null {
    const rate = this.#departuresPerSecond();
    return rate === null ? null : Math.max(Math.ceil((position + 1) / rate), 1);
  }

  health(): { readonly ok: boolean; readonly error: string | null } {
    try {
      return this.#store().health();
    } catch {
      // Not open yet: nothing is known, and nothing is wrong so far.
      return { ok: false, error: null };
    }
  }
}
