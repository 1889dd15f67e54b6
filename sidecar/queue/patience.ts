// Running work outlives a store that is away for a while: its steps are tried again until the store says yes or no.
// Safe because every step is conditional on the lease token and may be repeated.
import type { Clock } from '../../runtime/clock.ts';
import { StoreError } from '../store/store.ts';
import { pause } from './waiting.ts';

const firstDelayMs = 50;
const maxDelayMs = 2000;

/** Resolves with the step's result; with undefined where `signal` aborted first. Faults that are not the store's are thrown. */
export async function untilStored<T>(
  step: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, maxDelayMs)) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
    if (signal.aborted) return undefined;
    await pause(clock, delayMs, signal);
    if (signal.aborted) return undefined;
  }
}
