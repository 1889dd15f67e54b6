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

/** As exact and as fast as performance.now(), whose first use loads all of Node's perf_hooks: 1 MiB and 2 ms. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

const originMs = Date.now() - monotonicMs();

/** The time of day as of the program's start, going on steadily, whatever the clock is set to meanwhile. */
export function steadyNowMs(): number {
  return originMs + monotonicMs();
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs,
  after(delayMs, call) {
    // Longer delays overflow Node's timers and would fire at once.
    const timer = setTimeout(call, Math.min(delayMs, 2_147_483_647));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
