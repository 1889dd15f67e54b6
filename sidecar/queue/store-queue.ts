// The queue as the request path sees it, over a store: adds what needs this replica's memory (the measured rate, waiting for
// changes) and counts what clients ask for. Runs nothing; the worker does.
import type { Clock } from '../../runtime/clock.ts';
import { randomId } from '../../runtime/random-id.ts';
import type { RequestStatus, Submission } from '../store/record.ts';
import {
  type CancelOutcome,
  type QueueFigures,
  type RestOfBody,
  type Store,
  StoreError,
  type StreamRead,
  type SubmitOutcome,
} from '../store/store.ts';
import type { QueueObserver } from './observer.ts';
import type { Queue, QueuedResult, QueuedStatus, Watch } from './queue.ts';
import { RequestWatcher } from './request-watcher.ts';
import { SharedLooks } from './shared-looks.ts';
import { pause } from './waiting.ts';

/** How long a caller waits to hear whether its request was stored. */
const longestDoubtMs = 10_000;
const doubtPauseMs = 250;
const neverAborted = new AbortController().signal;

export class StoreQueue implements Queue {
  readonly #store: () => Store;
  readonly #clock: Clock;
  readonly #observer: QueueObserver;
  readonly #departuresPerSecond: () => number | null;
  readonly #watcher: RequestWatcher;
  readonly #statuses = new SharedLooks<QueuedStatus | null>();
  readonly #results = new SharedLooks<QueuedResult>();
  readonly #streamReads = new SharedLooks<StreamRead>();
  /** Of clients that wait until a request is done. */
  readonly #waits = new Set<AbortController>();
  #isEnding = false;

  constructor(store: () => Store, clock: Clock, observer: QueueObserver, departuresPerSecond: () => number | null) {
    this.#store = store;
    this.#clock = clock;
    this.#observer = observer;
    this.#departuresPerSecond = departuresPerSecond;
    this.#watcher = new RequestWatcher(clock, {
      status: (id) => this.status(id),
      statuses: async (ids) =>
        (await this.#store().statuses(ids)).map((status) => status && this.#withEstimate(status)),
      onChange: (id, listener) => this.#store().onChange(id, listener),
      onStream: (id, listener) => this.#store().onStream(id, listener),
    });
  }

  async submit(submission: Submission): Promise<SubmitOutcome> {
    const rate = this.#departuresPerSecond();
    const reachable = rate === null ? -1 : Math.floor((rate * submission.ttlMs) / 1000);
    const outcome = await this.#untilKnown(() => this.#store().submit(submission, reachable));
    if (outcome.kind === 'accepted') this.#observer.accepted(submission.mode);
    else if (outcome.kind !== 'duplicate') this.#observer.refused(outcome.kind);
    return outcome;
  }

  /**
   * Where the store's answer was lost the submission may be stored, and will then be run: it must not be answered as refused. The same
   * submission again is known by its id, and either is there already or is stored now. Rejects with the store's error, whose outcome is
   * unknown where the store stays away.
   */
  async #untilKnown(submit: () => Promise<SubmitOutcome>): Promise<SubmitOutcome> {
    const endMs = this.#clock.monotonicMs() + longestDoubtMs;
    let isInDoubt = false;
    for (;;) {
      try {
        return await submit();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        isInDoubt ||= !error.isOutcomeKnown;
        if (!isInDoubt) throw error;
        if (this.#clock.monotonicMs() >= endMs)
          throw new StoreError(error.message, { cause: error, isOutcomeKnown: false });
      }
      await pause(this.#clock, doubtPauseMs, neverAborted);
    }
  }

  status(id: string): Promise<QueuedStatus | null> {
    return this.#statuses.share(id, async () => {
      const status = await this.#store().status(id);
      return status && this.#withEstimate(status);
    });
  }

  result(id: string): Promise<QueuedResult> {
    return this.#results.share(id, async () => {
      const result = await this.#store().result(id);
      return result.kind === 'not_found' ? result : { ...result, status: this.#withEstimate(result.status) };
    });
  }

  async readRest(rest: RestOfBody): Promise<Uint8Array | null> {
    return this.#store().readRest(rest);
  }

  async cancel(id: string): Promise<CancelOutcome> {
    const outcome = await this.#store().cancel(id);
    if (outcome === 'canceled') this.#observer.ended({ id, outcome, code: outcome });
    return outcome;
  }

  async figures(): Promise<QueueFigures> {
    return this.#store().figures();
  }

  readStream(id: string, afterSequence: number, max: number): Promise<StreamRead> {
    const look = async () => this.#store().readStream(id, afterSequence, max);
    return this.#streamReads.share(`${id} ${afterSequence} ${max}`, look);
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

  watch(id: string, wants: 'status' | 'stream'): Watch {
    return this.#watcher.watch(id, wants);
  }

  async waitUntilDone(id: string, waitMs: number, signal: AbortSignal): Promise<QueuedStatus | null> {
    const over = new AbortController();
    this.#waits.add(over);
    if (this.#isEnding) over.abort();
    const timer = this.#clock.after(waitMs, () => over.abort());
    const until = AbortSignal.any([signal, over.signal]);
    const watch = this.watch(id, 'status');
    try {
      for (;;) {
        const status = await watch.status();
        if (status === null || status.state === 'done' || until.aborted) return status;
        await watch.changed(until);
      }
    } finally {
      watch.close();
      timer.cancel();
      this.#waits.delete(over);
    }
  }

  endWaits(): void {
    this.#isEnding = true;
    for (const over of this.#waits) over.abort();
  }

  estimateWaitSeconds(position: number): number | null {
    const rate = this.#departuresPerSecond();
    return rate === null ? null : Math.max(Math.ceil((position + 1) / rate), 1);
  }

  #withEstimate(status: RequestStatus): QueuedStatus {
    const { position } = status;
    return { ...status, estimatedWaitSeconds: position === null ? null : this.estimateWaitSeconds(position) };
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
