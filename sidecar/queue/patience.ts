// Running work outlives a store that is away for a while: its steps are tried again until the store says yes or no.
// Safe because every step is conditional on the lease token and may be repeated.
import type { Clock } from '../../runtime/clock.ts';
import { StoreError } from '../store/store.ts';
import { pause } from './waiting.ts';

const firstDelayMs = 50;
const maxDelayMs = 2000;

export interface Patience {
  readonly clock: Clock;
  /** Aborts when the replica stops and will wait for the store no longer. */
  readonly givingUp: AbortSignal;
  /** The replica drains: it is waited for, and what it holds is somebody else's next. */
  isLeaving(): boolean;
}

/**
 * Resolves with the step's result; with undefined where waiting makes no sense any more: the replica stops, or it leaves and the store
 * does not let it in. Its leases end by themselves then. Faults that are not the store's are thrown.
 */
export async function untilStored<T>(
  step: () => Promise<T>,
  { clock, givingUp, isLeaving }: Patience,
): Promise<T | undefined> {
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, maxDelayMs)) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.isShutOut && isLeaving()) return undefined;
    }
    if (givingUp.aborted) return undefined;
    await pause(clock, delayMs, givingUp);
    if (givingUp.aborted) return undefined;
  }
}
