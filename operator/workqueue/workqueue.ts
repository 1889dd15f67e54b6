// Keys that want a look. A key is in the queue once, however often it is added; one that is being worked on comes back when
// it is done; failures come back later each time. It knows nothing of what a key means.
import type { Clock, Timer } from '../../runtime/clock.ts';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 60_000;

export class Workqueue {
  readonly #clock: Clock;
  readonly #ready = new Set<string>();
  readonly #working = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #later = new Map<string, { readonly timer: Timer; readonly atMs: number }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waiting now, those being worked on left out. */
  get depth(): number {
    return this.#ready.size;
  }

  add(key: string): void {
    if (this.#isClosed) return;
    if (this.#working.has(key)) {
      this.#dirty.add(key);
      return;
    }
    const taker = this.#takers.shift();
    if (taker === undefined) this.#ready.add(key);
    else this.#hand(key, taker);
  }

  /** The earliest of several wishes wins. */
  addAfter(key: string, delayMs: number): void {
    if (this.#isClosed) return;
    const atMs = this.#clock.monotonicMs() + delayMs;
    const planned = this.#later.get(key);
    if (planned !== undefined && planned.atMs <= atMs) return;
    planned?.timer.cancel();
    const timer = this.#clock.after(delayMs, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { timer, atMs });
  }

  /** Later each time, until `succeeded`. */
  addAfterFailure(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 20)));
  }
  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  /** Waits for a key; `undefined` once the queue is closed. Each key taken must be given back by `done`. */
  take(): Promise<string | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const next = this.#ready.values().next();
      if (next.done) {
        this.#takers.push(resolve);
        return;
      }
      this.#ready.delete(next.value);
      this.#hand(next.value, resolve);
    });
  }

  done(key: string): void {
    this.#working.delete(key);
    if (this.#dirty.delete(key)) this.add(key);
  }

  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#later.values()) timer.cancel();
    this.#later.clear();
    this.#ready.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #hand(key: string, taker: (key: string) => void): void {
    this.#working.add(key);
    taker(key);
  }
}
