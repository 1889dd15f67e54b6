// The two things a worker needs of the request path, so that neither imports the other's insides.
import type { StoredResponse } from '../store/record.ts';
import type { Claim, StreamStart } from '../store/store.ts';

/** A place inside the container. Must be released on every exit; releasing twice is harmless. */
export interface Slot {
  readonly waitedMs: number;
  release(): void;
}

/** The gate as queued work sees it: waits behind sync callers, but ages so that it is never starved. */
export interface WorkGate {
  /** Resolves when it is queued work's turn; rejects with the signal's reason on abort. */
  acquireForWork(signal: AbortSignal): Promise<Slot>;
  /** A slot at once if one is free and no sync caller waits, to fill a batch; else undefined. */
  tryAcquireForWork(): Slot | undefined;
}

export interface ContainerCall {
  readonly signal: AbortSignal;
  /** The response is an event stream: its head as soon as it is known, then each chunk as it arrives. */
  onStreamStart?(start: StreamStart): void;
  /** The bytes are kept: their memory must not be used again. */
  onStreamChunk?(bytes: Buffer): void;
}

export type CallOutcome =
  /** `release`: called when the response is stored, or will not be. */
  | { readonly kind: 'answered'; readonly response: StoredResponse; release?(): void }
  /**
   * The container gave no response. `code` is a row of the error table. `upstream_unreachable` means that the request never
   * reached the container (connection refused): it waits on without an attempt being counted. All others count.
   */
  | { readonly kind: 'no_response'; readonly code: string; readonly message: string }
  /** The response is larger than may be stored. */
  | { readonly kind: 'too_large'; readonly limitBytes: number }
  | { readonly kind: 'aborted' };

/** Sends a claimed request to the container and gathers the whole response. Never rejects. */
export type CallContainer = (claim: Claim, call: ContainerCall) => Promise<CallOutcome>;

/** Asked before a replica that paused after failures claims again. Resolves to true where no health path is set. Never rejects. */
export type ProbeContainer = () => Promise<boolean>;
