// The edge between what the outside sets off (packets, timers, replies) and our own code: whatever throws there is told to somebody who
// can answer for it, and goes no further.
import type { Clock } from './clock.ts';

/** The same function, but what it throws is `failed`'s; what `failed` returns is returned then. */
export function guarded<A extends readonly unknown[], R>(
  call: (...args: A) => R,
  failed: (error: unknown) => R,
): (...args: A) => R {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      return failed(error);
    }
  };
}

/** A clock whose timers may throw. */
export function guardedClock(clock: Clock, failed: (error: unknown) => void): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, call) => clock.after(delayMs, guarded(call, failed)),
  };
}
