// Requests that wait until somebody lets them go: ?hold=a waits for POST /control/release?key=a. With it a test decides
// the order of events instead of hoping that a sleep was long enough. A key once released stays open.
export class Holds {
  #waiting = new Map<string, PromiseWithResolvers<void>>();

  async wait(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, reject, resolve } = Promise.withResolvers<void>();
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    this.#gate(key).promise.then(resolve, reject);
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  release(key: string): void {
    this.#gate(key).resolve();
  }

  #gate(key: string): PromiseWithResolvers<void> {
    const known = this.#waiting.get(key);
    if (known) return known;
    const gate = Promise.withResolvers<void>();
    this.#waiting.set(key, gate);
    return gate;
  }
}
