// What the request path sees of the queue: submit, look, wait, cancel. The store is behind it, the worker beside it.
// Contract only; `createQueue` (queue/create-queue.ts) builds it.
import type { RequestStatus, Submission } from '../store/record.ts';
import type { CancelOutcome, QueueFigures, ResultOutcome, StreamRead, SubmitOutcome } from '../store/store.ts';

/** A status with the wait that the measured rate lets one expect. */
export interface QueuedStatus extends RequestStatus {
  /** Null unless queued, and while no rate is known. */
  readonly estimatedWaitSeconds: number | null;
}

/** Every method rejects with StoreError while the store does not answer. */
export interface Queue {
  submit(submission: Submission): Promise<SubmitOutcome>;
  status(id: string): Promise<QueuedStatus | null>;
  result(id: string): Promise<ResultOutcome>;
  cancel(id: string): Promise<CancelOutcome>;
  figures(): Promise<QueueFigures>;
  readStream(id: string, afterSequence: number, max: number): Promise<StreamRead>;
  deadLetters(max: number): Promise<readonly RequestStatus[]>;
  /** Resolves with the new id; null when there is no such dead letter. */
  replay(id: string): Promise<{ readonly id: string; readonly outcome: SubmitOutcome } | null>;
  /** Resolves when the request is done, the time is over, or the signal aborts, whichever is first. */
  waitUntilDone(id: string, waitMs: number, signal: AbortSignal): Promise<void>;
  /** Resolves at the next (possibly spurious) change of the request or its stream, after `waitMs`, or on abort. */
  waitForChange(id: string, waitMs: number, signal: AbortSignal): Promise<void>;
  /** Seconds until a queue of this length is worked off at the measured rate of the whole deployment; at least 1. */
  estimateWaitSeconds(position: number): number | null;
  health(): { readonly ok: boolean; readonly error: string | null };
}
