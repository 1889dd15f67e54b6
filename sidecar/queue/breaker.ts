// Keeps a replica with a broken container from draining the queue into errors: after so many failures in a row it pauses,
// longer each time, and comes back with one request only when the container's health says so.
import type { BreakerState } from './observer.ts';
import type { ProbeContainer } from './parts.ts';

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly threshold: number;
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  readonly probe: ProbeContainer;
  wait(delayMs: number, signal: AbortSignal): Promise<void>;
  changed(state: BreakerState): void;
}

export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = 'closed';
  #failuresInRow = 0;
  #pauses = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Resolves when the replica may claim: at once when closed, else after a pause and a healthy answer. */
  async pass(signal: AbortSignal): Promise<void> {
    while (this.#state === 'open' && !signal.aborted) {
      await this.#options.wait(this.#nextPauseMs(), signal);
      if (!signal.aborted && (await this.#options.probe())) this.#become('probing');
    }
  }

  succeeded(): void {
    this.#failuresInRow = 0;
    this.#pauses = 0;
    this.#become('closed');
  }

  failed(): void {
    this.#failuresInRow++;
    if (this.#state === 'probing' || this.#failuresInRow >= this.#options.threshold) this.#become('open');
  }

  #nextPauseMs(): number {
    const { firstPauseMs, maxPauseMs } = this.#options;
    return Math.min(firstPauseMs * 2 ** Math.min(this.#pauses++, 20), maxPauseMs);
  }

  #become(state: BreakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.changed(state);
  }
}
