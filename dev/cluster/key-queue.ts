// Keys to work on, for the controllers of the loopback cluster: one key is in flight at most once, keys that arrive meanwhile merge,
// a failing key comes back with backoff. What the work is, it does not know.
export type Outcome = { readonly againInMs?: number } | undefined;
export type Work = (key: string) => Promise<Outcome>;

export class KeyQueue {
  readonly #work: Work;
  readonly #onError: (key: string, error: unknown) => void;
  readonly #waiting = new Set<string>();
  readonly #active = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #stopped = false;

  constructor(work: Work, onError: (key: string, error: unknown) => void) {
    this.#work = work;
    this.#onError = onError;
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#waiting.add(key);
    if (!this.#active.has(key)) queueMicrotask(() => void this.#run(key));
  }

  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timers.get(key));
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.add(key);
    }, delayMs);
    this.#timers.set(key, timer);
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  async #run(key: string): Promise<void> {
    if (this.#stopped || this.#active.has(key) || !this.#waiting.delete(key)) return;
    this.#active.add(key);
    try {
      const outcome = await this.#work(key);
      this.#failures.delete(key);
      if (outcome?.againInMs !== undefined) this.addAfter(key, outcome.againInMs);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      if (!this.#stopped) this.#onError(key, error);
      this.addAfter(key, Math.min(5 * 2 ** failures, 5_000));
    } finally {
      this.#active.delete(key);
      if (this.#waiting.has(key)) queueMicrotask(() => void this.#run(key));
    }
  }
}
