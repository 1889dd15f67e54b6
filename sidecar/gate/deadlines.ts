// Deadlines of sync requests: all have the same time to live, so the first to arrive is the first to expire and one
// timer for the oldest is enough, however many wait.
import type { Clock, Timer } from '../../runtime/clock.ts';
import { Line, type Place } from './line.ts';

export interface Expiring {
  expired(): void;
  /** It has thrown. Does not throw. */
  failed(error: unknown): void;
}

interface Entry {
  readonly who: Expiring;
  readonly atMs: number;
}

export class Deadlines {
  readonly ttlMs: number;
  readonly #clock: Clock;
  readonly #line = new Line<Entry>();
  #timer: Timer | undefined;

  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.ttlMs = ttlMs;
  }

  /** `expired` is called once, when the time to live is over, unless it is canceled before. */
  start(who: Expiring, nowMs: number): Place<Entry> {
    const place = this.#line.join({ who, atMs: nowMs + this.ttlMs });
    if (this.#timer === undefined) this.#schedule(this.ttlMs);
    return place;
  }

  cancel(place: Place<Entry>): void {
    this.#line.leave(place);
    // The timer stays: cancelling and setting one per request is what this file avoids. It finds nothing due and ends.
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#clock.after(Math.max(1, delayMs), () => this.#expire());
  }

  #expire(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (let first = this.#line.first; first !== undefined; first = this.#line.first) {
      if (first.atMs > nowMs) {
        this.#schedule(first.atMs - nowMs);
        return;
      }
      this.#line.take();
      try {
        first.who.expired();
      } catch (error) {
        first.who.failed(error);
      }
    }
  }
}
