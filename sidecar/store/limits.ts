// What a store is told of the deployment's settings, and the parts that come from outside.
import type { StoreObserver } from './store.ts';

/** Of the file system that a file lies on. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Bytes of a recorded stream that one read gives at most, beyond its first piece. */
export const MAX_STREAM_READ_BYTES = 1024 * 1024;

export interface StoreLimits {
  /** How long a done request is kept. */
  readonly retentionMs: number;
  /** Waiting requests of the deployment. */
  readonly maxQueue: number;
  /** Bytes of requests, answers and streams of the deployment; 0: no quota. */
  readonly maxStoredBytes: number;
  /** Tries after which a request whose replica died is set aside. */
  readonly maxAttempts: number;
  /** Most requests of each kind that one sweep touches: a sweep must not hold up the others. */
  readonly sweepMax: number;
  readonly observer: StoreObserver;
  /** Told what the store's own settings cannot promise, once per connection. */
  warn(sentence: string): void;
  /** Tests bring their own time. Without it SQLite takes the system's and Redis its own, the same for all replicas. */
  readonly nowMs?: () => number;
  /** Tests bring their own disk. */
  readonly diskOf?: (path: string) => DiskSpace;
}

/** The sentence for `warn` when a listener of the store threw: the others were called all the same. */
export function listenerFailure(error: unknown): string {
  return `a listener of the store failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
