// A clock that stands still until a test moves it; timers fire in order on the way.
import type { Clock, Timer } from '../../runtime/clock.ts';

interface Pending {
  readonly atMs: number;
  readonly call: () => void;
}

export class ManualClock implements Clock {
  #nowMs = 0;
  #pending: Pending[] = [];

  /** Timers that are set. */
  get timers(): number {
    return this.#pending.length;
  }

  nowMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, call: () => void): Timer {
    const pending = { atMs: this.#nowMs + Math.max(0, delayMs), call };
    this.#pending.push(pending);
    return { cancel: () => this.#remove(pending) };
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#pending.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#remove(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.call();
    }
    this.#nowMs = untilMs;
  }

  #remove(pending: Pending): void {
    this.#pending = this.#pending.filter((each) => each !== pending);
  }
}
