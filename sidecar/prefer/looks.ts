// When to look at a request again: at once, then after each change of it. Used by whatever follows one.
import type { Queue } from '../queue/queue.ts';

/**
 * Yields when it is time to look. Listening for the next change begins before the look, so that none falls in between.
 * Ends when the signal aborts.
 */
export async function* looksAt(
  queue: Queue,
  id: string,
  leastEveryMs: number,
  signal: AbortSignal,
): AsyncGenerator<void, void> {
  while (!signal.aborted) {
    const looked = new AbortController();
    const change = queue.waitForChange(id, leastEveryMs, AbortSignal.any([signal, looked.signal]));
    try {
      yield;
      await change;
    } finally {
      looked.abort();
    }
  }
}
