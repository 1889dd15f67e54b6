// The kubelet's backoff: the first failure may be followed at once, each further one waits twice as long as the one before, up to a
// limit; quiet for twice the limit, and it starts afresh. Pure apart from what it remembers; the clock is given.
import type { Backoff } from './settings.ts';

export class RetryDelay {
  readonly #limits: Backoff;
  #delayMs: number | undefined;
  #updatedAt = 0;

  constructor(limits: Backoff) {
    this.#limits = limits;
  }

  get delayMs(): number {
    return this.#delayMs ?? 0;
  }

  /** Until when an attempt must wait, counted from `sinceMs`; 0 when it may go ahead. */
  waitUntil(sinceMs: number, nowMs: number): number {
    if (this.#delayMs === undefined || this.#isStale(sinceMs)) return 0;
    const until = sinceMs + this.#delayMs;
    return until > nowMs ? until : 0;
  }

  next(sinceMs: number, nowMs: number): void {
    const isFresh = this.#delayMs === undefined || this.#isStale(sinceMs);
    this.#delayMs = isFresh ? this.#limits.initialMs : Math.min(this.delayMs * 2, this.#limits.maxMs);
    this.#updatedAt = nowMs;
  }

  #isStale(sinceMs: number): boolean {
    return sinceMs - this.#updatedAt > this.#limits.maxMs * 2;
  }
}

/** 10 s, 1m20s, 5m0s: durations as Go prints them. */
export function goDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${Number(seconds.toFixed(3))}s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}m${Math.round(seconds % 60)}s`
    : `${Math.floor(minutes / 60)}h${minutes % 60}m${Math.round(seconds % 60)}s`;
}
