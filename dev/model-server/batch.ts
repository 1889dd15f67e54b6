// How long a token takes. Without a curve a constant; with it the published batching table: all requests inside form one
// batch, and each token's time follows the number of requests inside at that moment (continuous batching).
import { setTimeout as delay } from 'node:timers/promises';

/** Requests at once -> milliseconds for 100 tokens each. */
export const batchingTable: readonly (readonly [concurrent: number, totalMs: number])[] = [
  [1, 1776],
  [2, 1981],
  [4, 2067],
  [8, 3767],
  [16, 4431],
  [32, 4942],
];

/** Straight lines between the rows; past the last one its slope goes on. */
export function batchMs(concurrent: number): number {
  const above = batchingTable.findIndex(([size]) => size >= concurrent);
  if (above === 0) return batchingTable[0]![1];
  const right = batchingTable[above === -1 ? batchingTable.length - 1 : above]!;
  const left = batchingTable[batchingTable.indexOf(right) - 1]!;
  return left[1] + ((right[1] - left[1]) * (concurrent - left[0])) / (right[0] - left[0]);
}

export interface Pace {
  readonly tokenMs: number;
  readonly firstTokenMs: number;
  readonly batching: boolean;
  readonly speed: number;
}

export class Batch {
  #size = 0;

  /** Yields each token's number when it is due. Late timers do not add up: the next due time counts from the last one. */
  async *tokens(count: number, pace: Pace, signal: AbortSignal): AsyncGenerator<number> {
    this.#size += 1;
    try {
      let dueAtMs = performance.now() + pace.firstTokenMs / pace.speed;
      for (let index = 0; index < count; index++) {
        dueAtMs += (pace.batching ? batchMs(this.#size) / 100 : pace.tokenMs) / pace.speed;
        const waitMs = dueAtMs - performance.now();
        if (waitMs >= 1) await delay(waitMs, undefined, { signal });
        signal.throwIfAborted();
        yield index;
      }
    } finally {
      this.#size -= 1;
    }
  }
}
