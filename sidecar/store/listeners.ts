// Lists of callbacks, for all or by request id, that survive one of them throwing or leaving while they are called.

/** Told what a callback threw; the others are called all the same. */
export type ListenerFailed = (error: unknown) => void;

export class Listeners<T> {
  readonly #calls = new Set<(value: T) => void>();
  readonly #failed: ListenerFailed;

  constructor(failed: ListenerFailed) {
    this.#failed = failed;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Returns the way to stop listening. */
  add(call: (value: T) => void): () => void {
    const own = (value: T): void => call(value);
    this.#calls.add(own);
    return () => this.#calls.delete(own);
  }

  notify(value: T): void {
    for (const call of [...this.#calls]) {
      try {
        call(value);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}

export class ListenersById {
  readonly #byId = new Map<string, Listeners<void>>();
  readonly #failed: ListenerFailed;

  constructor(failed: ListenerFailed) {
    this.#failed = failed;
  }

  /** Returns the way to stop listening. `onFirst` and `onLast` mark when an id begins and ends to be of interest. */
  add(id: string, call: () => void, onFirst: () => void = nothing, onLast: () => void = nothing): () => void {
    let listeners = this.#byId.get(id);
    if (listeners === undefined) {
      listeners = new Listeners(this.#failed);
      this.#byId.set(id, listeners);
      onFirst();
    }
    const mine = listeners;
    const remove = mine.add(call);
    return () => {
      remove();
      if (mine.size > 0 || this.#byId.get(id) !== mine) return;
      this.#byId.delete(id);
      onLast();
    };
  }

  /** Ids of interest. */
  get size(): number {
    return this.#byId.size;
  }

  ids(): readonly string[] {
    return [...this.#byId.keys()];
  }

  notify(id: string): void {
    this.#byId.get(id)?.notify();
  }

  notifyAll(): void {
    for (const listeners of [...this.#byId.values()]) listeners.notify();
  }
}

const nothing = (): void => undefined;
