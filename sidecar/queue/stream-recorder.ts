// Records the event stream of an async request while the container produces it: pieces gather while the store writes the ones
// before, one write at a time, so that order is kept and a slow store costs fewer, larger writes instead of a queue of calls.
import type { Clock } from '../../runtime/clock.ts';
import type { Lease, Store, StreamStart } from '../store/store.ts';
import { isPlain } from '../upstream/headers.ts';
import { EventSplitter } from './event-splitter.ts';
import { untilStored } from './patience.ts';

export class StreamRecorder {
  readonly #store: Store;
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #splitter: EventSplitter | undefined;
  #start: StreamStart | undefined;
  #pieces: Uint8Array[] = [];
  #written = 0;
  #isLost = false;
  #writing: Promise<void> | undefined;

  constructor(store: Store, lease: Lease, clock: Clock, signal: AbortSignal) {
    this.#store = store;
    this.#lease = lease;
    this.#clock = clock;
    this.#signal = signal;
  }

  begin(start: StreamStart): void {
    this.#start = start;
    // Compressed events cannot be told apart; their bytes are kept as they come.
    if (isPlain(start.headers)) this.#splitter = new EventSplitter();
    this.#write();
  }

  add(bytes: Uint8Array): void {
    this.#put(this.#splitter === undefined ? [Buffer.from(bytes)] : this.#splitter.push(bytes));
  }

  /** Resolves when all is written, or the lease is lost, or the signal aborts. */
  async end(): Promise<void> {
    this.#put(this.#splitter?.end() ?? []);
    while (this.#writing !== undefined) await this.#writing;
  }

  #put(pieces: readonly Uint8Array[]): void {
    if (pieces.length === 0 || this.#isLost) return;
    this.#pieces.push(...pieces);
    this.#write();
  }

  #write(): void {
    if (this.#writing !== undefined) return;
    this.#writing = this.#writeAll().then(
      () => this.#rest(),
      () => {
        this.#isLost = true;
        this.#rest();
      },
    );
  }

  #rest(): void {
    this.#writing = undefined;
  }

  async #writeAll(): Promise<void> {
    const start = this.#start;
    this.#start = undefined;
    if (start !== undefined) await this.#step(() => this.#store.startStream(this.#lease, start));
    while (this.#pieces.length > 0 && !this.#isLost) {
      const pieces = this.#pieces;
      this.#pieces = [];
      const already = this.#written;
      await this.#step(() => this.#store.appendStream(this.#lease, already, pieces));
      this.#written += pieces.length;
    }
  }

  async #step(step: () => Promise<boolean>): Promise<void> {
    if ((await untilStored(step, this.#clock, this.#signal)) !== true) this.#isLost = true;
  }
}
