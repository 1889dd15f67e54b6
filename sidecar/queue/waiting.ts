// Waiting that ends: after a time, at a call, or on abort, and leaves no timer or listener behind.
import type { Clock } from '../../runtime/clock.ts';

/** Resolves after the delay, or at once on abort. Never rejects: the caller looks at the signal. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return untilCalled(clock, delayMs, signal, () => () => undefined);
}

/** Resolves when `listen`'s callback is called, after the delay, or on abort, whichever is first. */
export function untilCalled(
  clock: Clock,
  delayMs: number,
  signal: AbortSignal,
  listen: (call: () => void) => () => void,
): Promise<void> {
  return new Promise((resolve) => {
    let stopListening: (() => void) | undefined;
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      signal.removeEventListener('abort', end);
      stopListening?.();
      resolve();
    };
    const timer = clock.after(delayMs, end);
    signal.addEventListener('abort', end);
    if (signal.aborted) return end();
    stopListening = listen(end);
    // Called while it was being set up.
    if (isOver) stopListening();
  });
}
