// Records the event stream of an async request while the container produces it: pieces gather while the store writes the ones
// before, one write at a time, so that order is kept and a slow store costs fewer, larger writes instead of a queue of calls.
import type { Lease, Store, StreamStart } from '../store/store.ts';
import { isPlain } from '../upstream/headers.ts';
import { EventSplitter } from './event-splitter.ts';
import { type Patience, untilStored } from './patience.ts';

/** Of one write: the store, and the store's other callers, are not held up by a long one. */
const MAX_PIECES = 256;
const MAX_BYTES = 1024 * 1024;

export class StreamRecorder {
  readonly #store: Store;
  readonly #lease: Lease;
  readonly #patience: Patience;
  #splitter: EventSplitter | undefined;
  #start: StreamStart | undefined;
  #pieces: Buffer[] = [];
  #written = 0;
  #isLost = false;
  #writing: Promise<void> | undefined;

  constructor(store: Store, lease: Lease, patience: Patience) {
    this.#store = store;
    this.#lease = lease;
    this.#patience = patience;
  }

  begin(start: StreamStart): void {
    this.#start = start;
    // Compressed events cannot be told apart; their bytes are kept as they come.
    if (isPlain(start.headers)) this.#splitter = new EventSplitter();
    this.#write();
  }

  /** Their memory must not be used again. */
  add(bytes: Buffer): void {
    this.#put(this.#splitter === undefined ? [bytes] : this.#splitter.push(bytes));
  }

  /** Resolves when all is written, or the lease is lost, or waiting makes no sense any more. */
  async end(): Promise<void> {
    this.#put(this.#splitter?.end() ?? []);
    while (this.#writing !== undefined) await this.#writing;
  }

  #put(pieces: readonly Buffer[]): void {
    if (pieces.length === 0 || this.#isLost) return;
    for (const piece of pieces) this.#pieces.push(piece);
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
      const pieces = this.#pieces.splice(0, this.#countForOneWrite());
      const already = this.#written;
      await this.#step(() => this.#store.appendStream(this.#lease, already, pieces));
      this.#written += pieces.length;
    }
  }

  #countForOneWrite(): number {
    let bytes = 0;
    for (const [i, { length }] of this.#pieces.entries()) {
      bytes += length;
      if (i > 0 && (i === MAX_PIECES || bytes > MAX_BYTES)) return i;
    }
    return this.#pieces.length;
  }

  async #step(step: () => Promise<boolean>): Promise<void> {
    if ((await untilStored(step, this.#patience)) !== true) this.#isLost = true;
  }
}
