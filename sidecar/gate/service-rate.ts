// How fast the container works, measured: the mean time a request spends inside, newer ones counting more.
// From it: how long a place in line will take, and when it is worth coming back.

/** Weight of the newest request. A fifth: a handful of requests is enough to follow a change, one odd one is not. */
const WEIGHT = 0.2;
/** Fewer measurements than this say nothing. */
const LEAST_SAMPLES = 5;
const LONGEST_RETRY_SECONDS = 300;

export class ServiceRate {
  readonly #concurrency: number;
  #samples = 0;
  #meanMs = 0;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** A request was answered after so long inside the container. */
  observe(insideMs: number): void {
    this.#samples++;
    this.#meanMs = this.#samples === 1 ? insideMs : this.#meanMs + WEIGHT * (insideMs - this.#meanMs);
  }

  /** Time until who has so many before it in line gets a slot; null while unknown. */
  expectedWaitMs(before: number): number | null {
    if (this.#samples < LEAST_SAMPLES) return null;
    return ((before + 1) * this.#meanMs) / this.#concurrency;
  }

  /** When half of a line of this length will be gone: a caller refused now has a fair chance then. */
  retryAfterSeconds(waiting: number): number {
    const halfMs = ((waiting / 2 + 1) * this.#meanMs) / this.#concurrency;
    return Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil(halfMs / 1000)));
  }
}
