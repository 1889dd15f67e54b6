// The rate at which requests leave the container while others wait. The same rule as redis/lua/include/departures.lua:
// time between departures, averaged with more weight on the last fifty; idle time says nothing and does not count.

export class DepartureRate {
  #busySinceMs: number | null = null;
  #timeMs = 0;
  #count = 0;

  departed(nowMs: number, othersWait: boolean): void {
    if (this.#busySinceMs !== null) {
      this.#timeMs = this.#timeMs * 0.98 + (nowMs - this.#busySinceMs);
      this.#count = this.#count * 0.98 + 1;
    }
    this.#busySinceMs = othersWait ? nowMs : null;
  }

  perSecond(nowMs: number): number | null {
    if (this.#count === 0) return null;
    const open = this.#busySinceMs === null ? 0 : nowMs - this.#busySinceMs;
    // A departure that is late already makes the rate smaller, not only when it happens.
    const timeMs = open > this.#timeMs / this.#count ? this.#timeMs + open : this.#timeMs;
    return (this.#count * 1000) / Math.max(timeMs, 1);
  }
}
