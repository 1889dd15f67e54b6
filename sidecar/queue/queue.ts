// What the request path sees of the queue: submit, look, wait, cancel. The store is behind it, the worker beside it.
// Contract only; `createQueue` (queue/create-queue.ts) builds it.
import type { RequestStatus, StoredResponse, Submission } from '../store/record.ts';
import type { CancelOutcome, QueueFigures, RestOfBody, StreamRead, SubmitOutcome } from '../store/store.ts';

/** A status with the wait that the measured rate lets one expect. */
export interface QueuedStatus extends RequestStatus {
  /** Null unless queued, and while no rate is known. */
  readonly estimatedWaitSeconds: number | null;
}

export type QueuedResult =
  /** As the store gives it: the first piece of the body, and what is left of it. */
  | {
      readonly kind: 'answered';
      readonly status: QueuedStatus;
      readonly response: StoredResponse;
      readonly rest: RestOfBody | null;
    }
  /** Waiting, running, failed, expired or canceled: the status says which. */
  | { readonly kind: 'no_response'; readonly status: QueuedStatus }
  | { readonly kind: 'not_found' };

/** One client that waits for changes of a request. What is looked at for it is looked at once for all who wait. */
export interface Watch {
  /** The present status; null where the request is unknown. Looks at the store only where nobody did since the last change. */
  status(): Promise<QueuedStatus | null>;
  /** Resolves when something has changed (possibly spuriously) since `status` was called, or on abort. */
  changed(until: AbortSignal): Promise<void>;
  close(): void;
}

/** Every method rejects with StoreError while the store does not answer. */
export interface Queue {
  submit(submission: Submission): Promise<SubmitOutcome>;
  status(id: string): Promise<QueuedStatus | null>;
  result(id: string): Promise<QueuedResult>;
  /** See `Store.readRest`. */
  readRest(rest: RestOfBody): Promise<Uint8Array | null>;
  cancel(id: string): Promise<CancelOutcome>;
  figures(): Promise<QueueFigures>;
  readStream(id: string, afterSequence: number, max: number): Promise<StreamRead>;
  deadLetters(max: number): Promise<readonly RequestStatus[]>;
  /** Resolves with the new id; null when there is no such dead letter. */
  replay(id: string): Promise<{ readonly id: string; readonly outcome: SubmitOutcome } | null>;
  /**
   * For a client that waits: `status` tells of changes of the status, of which the position in the queue and the estimated wait
   * are a part, those within some seconds; `stream` tells of its recorded stream too. Throws StoreError while the store is not
   * open. Must be closed.
   */
  watch(id: string, wants: 'status' | 'stream'): Watch;
  /** Resolves with the status when the request is done, the time is over, or the signal aborts; null where it is unknown. */
  waitUntilDone(id: string, waitMs: number, signal: AbortSignal): Promise<QueuedStatus | null>;
  /** This replica ends: whoever waits until a request is done is told how it stands now, and so is who comes to wait. */
  endWaits(): void;
  /** Seconds until a queue of this length is worked off at the measured rate of the whole deployment; at least 1. */
  estimateWaitSeconds(position: number): number | null;
  health(): { readonly ok: boolean; readonly error: string | null };
}
