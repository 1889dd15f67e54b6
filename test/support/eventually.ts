// Waits for something to become true, instead of sleeping and hoping: asks again until the check passes or the deadline is over.

/** Resolves with what the check returns once it neither throws nor returns false; else rejects with its last error. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { deadlineMs = 90_000, everyMs = 20 }: { readonly deadlineMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      const value = await check();
      if (value !== false) return value;
      if (performance.now() > end) throw new Error(`still false after ${deadlineMs} ms`);
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
