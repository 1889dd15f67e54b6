// Time as a dependency: programs get the system's, tests one they move by hand.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch, for what is stored and shown. */
  nowMs(): number;
  /** Milliseconds that never go back, for what is measured. */
  monotonicMs(): number;
  /** Calls once after a delay; the timer does not keep the process alive. */
  after(delayMs: number, call: () => void): Timer;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, call) {
    // Longer delays overflow Node's timers and would fire at once.
    const timer = setTimeout(call, Math.min(delayMs, 2_147_483_647));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
