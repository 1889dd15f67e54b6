// One try of a claimed request, from the claim to the store's word on how it ended. The slot is given back when the container
// is done with it; the answer is kept until the store has it or says that the lease was lost.
import type { Claim, Store } from '../store/store.ts';
import type { Heartbeat, StopReason } from './heartbeat.ts';
import type { QueueObserver } from './observer.ts';
import type { CallContainer, CallOutcome, Slot } from './parts.ts';
import { type Patience, untilStored } from './patience.ts';
import { decideRetry, type RetryPolicy } from './retry.ts';
import { StreamRecorder } from './stream-recorder.ts';

export interface AttemptSurroundings extends Patience {
  readonly store: Store;
  readonly heartbeat: Heartbeat;
  readonly callContainer: CallContainer;
  readonly retry: RetryPolicy;
  readonly observer: QueueObserver;
  /** The container answered, or gave no response: what the breaker counts. */
  containerAnswered(): void;
  containerFailed(): void;
  /** Requests past their deadline end at a sweep; this one should not wait for the next. */
  sweepSoon(): void;
  /** A retry is due after the time. */
  workDueIn(delayMs: number): void;
}

export type AttemptStop = StopReason | 'drained';

export class Attempt {
  readonly claim: Claim;
  readonly #around: AttemptSurroundings;
  readonly #controller = new AbortController();
  #stopReason: AttemptStop | undefined;

  constructor(claim: Claim, around: AttemptSurroundings) {
    this.claim = claim;
    this.#around = around;
  }

  /** Closes the container's connection. The first reason counts. */
  stop(reason: AttemptStop): void {
    this.#stopReason ??= reason;
    this.#controller.abort(new Error(reason));
  }

  /** Resolves when the request is somebody else's concern: the store's, or another replica's. */
  async run(slot: Slot): Promise<void> {
    const { claim } = this;
    const { store, clock, heartbeat, observer } = this.#around;
    const letGo = heartbeat.keep(claim, (reason) => this.stop(reason));
    const startedMs = clock.monotonicMs();
    try {
      const recorder = new StreamRecorder(store, claim, this.#around);
      const outcome = await this.#callContainer(recorder).finally(() => slot.release());
      await recorder.end();
      const ranMs = clock.monotonicMs() - startedMs;
      const isOurs = await this.#settle(outcome, ranMs).finally(() => releaseMemory(outcome));
      if (isOurs === false) observer.leaseLost('own', 1);
    } finally {
      letGo();
    }
  }

  async #callContainer(recorder: StreamRecorder): Promise<CallOutcome> {
    const { claim } = this;
    const { clock, callContainer } = this.#around;
    const leftMs = Math.max(claim.deadlineAtMs - claim.claimedAtMs, 0);
    const deadline = clock.after(deadlineDelayMs(leftMs), () => this.stop('expired'));
    try {
      const outcome = await callContainer(claim, {
        signal: this.#controller.signal,
        onStreamStart: (start) => {
          // The deadline covers the time up to the response headers; from here on silence is what ends a stream.
          deadline.cancel();
          if (claim.submission.mode === 'async') recorder.begin(start);
        },
        onStreamChunk: (bytes) => {
          if (claim.submission.mode === 'async') recorder.add(bytes);
        },
      });
      // Before the slot is free: what it lets in next must already be under the breaker's new state.
      if (outcome.kind === 'no_response') this.#around.containerFailed();
      else if (outcome.kind !== 'aborted') this.#around.containerAnswered();
      return outcome;
    } finally {
      deadline.cancel();
    }
  }

  /** False: the lease was lost. Undefined: the replica stops, the sweep of another will say. */
  async #settle(outcome: CallOutcome, ranMs: number): Promise<boolean | undefined> {
    const { claim } = this;
    const { store } = this.#around;
    switch (outcome.kind) {
      case 'answered': {
        const isStored = await this.#stored(() => store.complete(claim, outcome.response));
        if (isStored) this.#ended('answered', String(outcome.response.status), ranMs);
        return isStored;
      }
      case 'no_response':
        return this.#settleNoResponse(outcome.code, outcome.message, ranMs);
      case 'too_large': {
        const error = `upstream_too_large: the response is larger than ${outcome.limitBytes} bytes and was not kept`;
        const isStored = await this.#stored(() => store.fail(claim, error, null));
        if (isStored) this.#ended('failed', 'upstream_too_large', ranMs, error);
        return isStored;
      }
      case 'aborted':
        return this.#settleStopped(this.#stopReason ?? 'drained');
    }
  }

  async #settleNoResponse(code: string, message: string, ranMs: number): Promise<boolean | undefined> {
    const { claim } = this;
    const { store, observer, retry } = this.#around;
    const decision = decideRetry(code, claim.attempt, retry, Math.random());
    const error = `${code}: ${message}`.slice(0, 500);
    if (decision.kind === 'give_up') {
      const isStored = await this.#stored(() => store.fail(claim, error, null));
      if (isStored) this.#ended('failed', code, ranMs, error);
      return isStored;
    }
    const { afterMs, isCounted } = decision;
    const isStored = await this.#stored(() =>
      isCounted ? store.fail(claim, error, afterMs) : store.handBack(claim, afterMs, error),
    );
    if (isStored) {
      observer.retried(code);
      this.#around.workDueIn(afterMs);
    }
    return isStored;
  }

  async #settleStopped(reason: AttemptStop): Promise<boolean | undefined> {
    const { claim } = this;
    const { store, observer } = this.#around;
    if (reason === 'drained') {
      const isStored = await this.#stored(() => store.handBack(claim));
      if (isStored) observer.handedBack();
      return isStored;
    }
    if (reason === 'expired') this.#around.sweepSoon();
    return reason !== 'lost';
  }

  #ended(outcome: 'answered' | 'failed', code: string, ranMs: number, error?: string): void {
    const { id, attempt: number, claimedAtMs, createdAtMs, submission } = this.claim;
    // The store's clock may have been set back.
    const waitedMs = Math.max(claimedAtMs - createdAtMs, 0);
    const attempt = { mode: submission.mode, number, waitedMs, ranMs };
    this.#around.observer.ended({ id, outcome, code, attempt, ...(error !== undefined && { error }) });
  }

  #stored(step: () => Promise<boolean>): Promise<boolean | undefined> {
    return untilStored(step, this.#around);
  }
}

/**
 * A little late, so that the store agrees that it is over; in steps of 100 ms, because Node keeps a list for each length of timers, and
 * most attempts have as much time left as the one before, give or take some milliseconds.
 */
function deadlineDelayMs(leftMs: number): number {
  return Math.ceil((leftMs + 20) / 100) * 100;
}

function releaseMemory(outcome: CallOutcome): void {
  if (outcome.kind === 'answered') outcome.release?.();
}
