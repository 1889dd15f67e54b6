// What the queue tells whoever counts: each call is one event, named in the words of the state table.
// Telemetry implements it with prom-client; the queue never imports telemetry. Calls must not throw.
import type { StoredMode } from '../store/record.ts';
import type { StoreObserver } from '../store/store.ts';

export type BreakerState = 'closed' | 'open' | 'probing';

export type RefusalReason = 'full' | 'quota_exceeded' | 'conflict' | 'unreachable';

export type WebhookOutcome = 'delivered' | 'retried' | 'given_up' | 'refused';

/** How an accepted request ended. */
export interface RequestEnd {
  readonly id: string;
  readonly outcome: 'answered' | 'failed' | 'expired' | 'canceled';
  /** The container's status code, or a row of the error table. */
  readonly code: string;
  /** Why there is no answer; undefined where there is one. */
  readonly error?: string;
  /** Undefined where it ended outside of an attempt. */
  readonly attempt?: {
    readonly mode: StoredMode;
    readonly number: number;
    readonly waitedMs: number;
    readonly ranMs: number;
  };
}

export interface QueueObserver extends StoreObserver {
  /** Durably queued by this replica; duplicates are not counted. */
  accepted(mode: StoredMode): void;
  refused(reason: RefusalReason): void;
  /** Claimed by this replica; `waitedMs` since acceptance, on the first attempt only (else null). */
  claimed(mode: StoredMode, attempt: number, waitedMs: number | null): void;
  /** Ended by this replica, and stored as such. */
  ended(end: RequestEnd): void;
  /** Queued again after no response; `code` is a row of the error table. */
  retried(code: string): void;
  handedBack(): void;
  /** A lease of this replica was taken over, or this replica's sweep took back `count` run-out leases of others. */
  leaseLost(whose: 'own' | 'other', count: number): void;
  breaker(state: BreakerState): void;
  webhook(outcome: WebhookOutcome): void;
  /** Requests of this deployment as the store counts them, at every sweep. */
  figures(queued: number, running: number, oldestQueuedSeconds: number, deadLetters: number, storedBytes: number): void;
}

const nothing = (): void => undefined;

export const silentObserver: QueueObserver = {
  accepted: nothing,
  refused: nothing,
  claimed: nothing,
  ended: nothing,
  retried: nothing,
  handedBack: nothing,
  leaseLost: nothing,
  breaker: nothing,
  webhook: nothing,
  figures: nothing,
  storeLatency: nothing,
  storeError: nothing,
};
