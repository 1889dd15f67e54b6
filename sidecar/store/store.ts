// The contract of a store: keeps accepted requests until they are done and their retention is over.
// Two implementations (sqlite/, redis/) pass one conformance suite. No datastore words here.
// Every step is atomic and safe to repeat; writes by a worker are conditional on its lease token.
import type { RawHeaders, RequestStatus, StoredResponse, Submission } from './record.ts';

/** A claim on a running request. Whoever lost it cannot change the record any more. */
export interface Lease {
  readonly id: string;
  readonly token: string;
}

export interface Claim extends Lease {
  readonly submission: Submission;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly createdAtMs: number;
  readonly deadlineAtMs: number;
  /** By the store's clock, like the other times: what is left is `deadlineAtMs - claimedAtMs`, whatever our own clock says. */
  readonly claimedAtMs: number;
}

export interface ClaimOptions {
  /** At most so many; a store may give fewer, and none when nothing is due. */
  readonly max: number;
  /** Name of the claiming replica, for people. */
  readonly worker: string;
  readonly leaseMs: number;
}

export interface ClaimBatch {
  readonly claims: readonly Claim[];
  /** More is due right now: claim again as soon as there is a free slot. */
  readonly isMoreDue: boolean;
}

export type SubmitOutcome =
  | { readonly kind: 'accepted'; readonly position: number }
  /** Same id, same method, target and body: the same request; nothing was queued. */
  | { readonly kind: 'duplicate' }
  /** Same id, another request (or another owner's). */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'full'; readonly queued: number }
  /** Its place in line cannot be reached before its deadline; `queued` is the length of the line. */
  | { readonly kind: 'unreachable'; readonly queued: number }
  | { readonly kind: 'quota_exceeded'; readonly storedBytes: number };

/**
 * What became of a lease at renewal. `lost`: another replica may run it; `canceled`, `expired`: stop working at once.
 * A renewal never ends a request: one that is past its deadline ends at the next sweep.
 */
export type LeaseState = 'held' | 'lost' | 'canceled' | 'expired';

/** A stored body is read in pieces of so many bytes: no reader holds more of it. */
export const BODY_PIECE_BYTES = 128 * 1024;

/** What is left of a stored body behind its first piece. */
export interface RestOfBody {
  readonly id: string;
  /** Of the request that was answered: another one may have its id by now. */
  readonly completedAtMs: number;
  /** Places in what is stored: of the next byte, and behind the last one. */
  readonly at: number;
  readonly end: number;
}

export type ResultOutcome =
  /** The body of `response` is the first piece of what is stored; `rest` says where it goes on, null where that is all. */
  | {
      readonly kind: 'answered';
      readonly status: RequestStatus;
      readonly response: StoredResponse;
      readonly rest: RestOfBody | null;
    }
  /** Waiting, running, failed, expired or canceled: the status says which. */
  | { readonly kind: 'no_response'; readonly status: RequestStatus }
  | { readonly kind: 'not_found' };

/** Of an answer whose first piece ends at `at`. */
export function restOf({ id, completedAtMs }: RequestStatus, at: number, end: number): RestOfBody | null {
  return at < end && completedAtMs !== null ? { id, completedAtMs, at, end } : null;
}

export type CancelOutcome = 'canceled' | 'deleted' | 'not_found';

export interface QueueFigures {
  readonly queued: number;
  readonly running: number;
  readonly deadLetters: number;
  /** Null when nothing waits. */
  readonly oldestQueuedAtMs: number | null;
  readonly storedBytes: number;
  /** Measured while work waited, over all replicas; null until two requests left the container one after the other. */
  readonly departuresPerSecond: number | null;
}

/** What a sweep did, and what claims since the last one met on their way. */
export interface SweepReport {
  /** Ids of requests that ended past their deadline. */
  readonly expired: readonly string[];
  readonly leasesTakenBack: number;
  /** Ids of requests whose last attempt ended with its replica. */
  readonly deadLettered: readonly string[];
  readonly removed: number;
}

export interface StreamStart {
  readonly status: number;
  readonly headers: RawHeaders;
}

/**
 * One piece of a recorded event stream: one whole event where the stream is plain text, or a part of a very long one; else bytes
 * as they came.
 * `sequence` counts from 1 and goes on counting over attempts, so it never names two different pieces; only the pieces of the
 * latest attempt that streamed are kept.
 */
export interface StreamChunk {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

export type StreamRead =
  | {
      readonly kind: 'chunks';
      readonly start: StreamStart | null;
      readonly chunks: readonly StreamChunk[];
      readonly isEnded: boolean;
    }
  | { readonly kind: 'not_found' };

/** A completion that is still to be pushed to the client's webhook. */
export interface Delivery {
  readonly webhook: string;
  readonly status: RequestStatus;
  /** 1 for the first try. */
  readonly attempt: number;
}

/** A claimed delivery that was not tried: due again after the time, the try not counted. */
export interface PostponedDelivery {
  readonly id: string;
  readonly delayMs: number;
}

/** What a store reports of itself; part of the queue's observer. */
export interface StoreObserver {
  storeLatency(step: string, seconds: number): void;
  storeError(step: string): void;
}

export interface Store {
  readonly kind: 'redis' | 'sqlite';
  /** Resolves when the store is usable; rejects with StoreError and a sentence that says what to do. */
  open(): Promise<void>;
  close(): Promise<void>;

  /** Resolves only when the submission is durable. `reachable`: the longest line in which it can still make its deadline. */
  submit(submission: Submission, reachable?: number): Promise<SubmitOutcome>;
  claim(options: ClaimOptions): Promise<ClaimBatch>;
  /** The states in the order of the leases given. */
  renew(leases: readonly Lease[], leaseMs: number): Promise<readonly LeaseState[]>;
  /** False when the lease was lost: nothing was written. For mode `proxy` the response is dropped. */
  complete(lease: Lease, response: StoredResponse): Promise<boolean>;
  /** No response this time. With attempts left it is queued again after `retryAfterMs`, else it is done: failed, and a dead letter. */
  fail(lease: Lease, error: string, retryAfterMs: number | null): Promise<boolean>;
  /**
   * Queued again, attempt not counted: the replica drains, or the request never reached the container. Its place by arrival
   * is the front of the line. With `retryAfterMs` only after that time; `error` is then the reason, told if it expires.
   */
  handBack(lease: Lease, retryAfterMs?: number, error?: string): Promise<boolean>;

  status(id: string): Promise<RequestStatus | null>;
  /** Those of several requests in one call, in the order of the ids. */
  statuses(ids: readonly string[]): Promise<readonly (RequestStatus | null)[]>;
  result(id: string): Promise<ResultOutcome>;
  /** The next piece of a stored body; null where it is there no more. */
  readRest(rest: RestOfBody): Promise<Uint8Array | null>;
  cancel(id: string): Promise<CancelOutcome>;
  figures(): Promise<QueueFigures>;
  /** Takes back run-out leases, ends what is past its deadline, removes what is past retention. Bounded work per call. */
  sweep(): Promise<SweepReport>;

  /**
   * The container's event stream as it is produced, for replay and following. A start drops what an earlier attempt streamed,
   * and ends the deadline: it covers the time up to the response headers.
   */
  startStream(lease: Lease, start: StreamStart): Promise<boolean>;
  /** `already`: pieces appended before in this attempt, so that a repeated call adds nothing twice. */
  appendStream(lease: Lease, already: number, pieces: readonly Uint8Array[]): Promise<boolean>;
  /** At most `max` pieces, and fewer where they are long (MAX_STREAM_READ_BYTES). */
  readStream(id: string, afterSequence: number, max: number): Promise<StreamRead>;

  deadLetters(max: number): Promise<readonly RequestStatus[]>;
  /** A new request with a new id and the old one's content; null when there is no such dead letter. */
  replay(id: string, newId: string): Promise<SubmitOutcome | null>;

  /** Deliveries that are due; each is this caller's for `leaseMs`. */
  claimDeliveries(max: number, leaseMs: number): Promise<readonly Delivery[]>;
  /** Tries again after the time, or never: delivered, or given up. */
  settleDelivery(id: string, retryAfterMs: number | null): Promise<void>;
  postponeDeliveries(deliveries: readonly PostponedDelivery[]): Promise<void>;

  /** Called when work may be waiting (also spuriously). Returns the way to stop listening. */
  onWork(listener: () => void): () => void;
  /** Called when a webhook may be due (also spuriously). */
  onDelivery(listener: () => void): () => void;
  /** Called soon after a running request was canceled through any replica. A renewal says so too. */
  onCanceled(listener: (id: string) => void): () => void;
  /** Called when the request's state changed (also spuriously). Its position in the queue may change without. */
  onChange(id: string, listener: () => void): () => void;
  /** Called when the request's recorded stream began or grew (also spuriously). */
  onStream(id: string, listener: () => void): () => void;

  /** Last known health, without asking the store. */
  health(): { readonly ok: boolean; readonly error: string | null };
}

/** The store cannot be reached or refuses: new work gets 503 with Retry-After, running work waits. */
export class StoreError extends Error {
  readonly retryAfterSeconds: number;
  /** False: the step may have been done, its answer was lost. A caller that was to be refused must not be told that it was. */
  readonly isOutcomeKnown: boolean;
  /** The store lives and does not let us in: only a person, or another password, changes that. */
  readonly isShutOut: boolean;
  constructor(message: string, options: StoreErrorOptions = {}) {
    super(message, options);
    this.name = 'StoreError';
    this.retryAfterSeconds = options.retryAfterSeconds ?? 2;
    this.isOutcomeKnown = options.isOutcomeKnown ?? true;
    this.isShutOut = options.isShutOut ?? false;
  }
}

export interface StoreErrorOptions {
  readonly cause?: unknown;
  readonly retryAfterSeconds?: number;
  readonly isOutcomeKnown?: boolean;
  readonly isShutOut?: boolean;
}
