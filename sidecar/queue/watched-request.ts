// One request that clients wait for: its status as last looked at, and those who want to hear of a change.
import type { Clock } from '../../runtime/clock.ts';
import type { QueuedStatus, Watch } from './queue.ts';

/** What is asked of the store for one request. */
export interface WatchedStore {
  status(id: string): Promise<QueuedStatus | null>;
  onChange(id: string, listener: () => void): () => void;
  onStream(id: string, listener: () => void): () => void;
}

export class WatchedRequest {
  readonly id: string;
  readonly #clock: Clock;
  readonly #store: WatchedStore;
  readonly #unwatched: () => void;
  readonly #stopListening: () => void;
  #stopFollowing: (() => void) | undefined;
  readonly #statusChanges = new ChangeSignal();
  /** Of the recorded stream, and of the status, which says when the stream has ended. */
  readonly #streamChanges = new ChangeSignal();
  readonly #watches = new Set<Watch>();
  #followers = 0;
  /** Undefined: not looked at since the last change. */
  #status: Promise<QueuedStatus | null> | undefined;
  #shown = '';
  lookedAtMs: number;

  constructor(id: string, clock: Clock, store: WatchedStore, unwatched: () => void) {
    this.id = id;
    this.#clock = clock;
    this.#store = store;
    this.#unwatched = unwatched;
    this.lookedAtMs = clock.monotonicMs();
    this.#stopListening = store.onChange(id, () => this.#changed());
  }

  /** How often its status has changed. */
  get changes(): number {
    return this.#statusChanges.count;
  }

  watch(wants: 'status' | 'stream'): Watch {
    const isFollower = wants === 'stream';
    const signal = isFollower ? this.#streamChanges : this.#statusChanges;
    let seen = signal.count;
    const watch: Watch = {
      status: () => {
        seen = signal.count;
        return this.#look();
      },
      changed: (until) => signal.after(seen, until),
      close: () => this.#close(watch, isFollower),
    };
    this.#watches.add(watch);
    if (isFollower && ++this.#followers === 1) {
      this.#stopFollowing = this.#store.onStream(this.id, () => this.#streamChanges.notify());
    }
    return watch;
  }

  /** The status as a poll found it. */
  polled(status: QueuedStatus | null): void {
    const shown = JSON.stringify(status);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#status = Promise.resolve(status);
    this.#notify();
  }

  #look(): Promise<QueuedStatus | null> {
    if (this.#status !== undefined) return this.#status;
    const status = this.#store.status(this.id);
    this.#status = status;
    this.lookedAtMs = this.#clock.monotonicMs();
    status.then(
      (found) => {
        if (this.#status === status) this.#shown = JSON.stringify(found);
      },
      () => {
        if (this.#status === status) this.#status = undefined;
      },
    );
    return status;
  }

  #changed(): void {
    this.#status = undefined;
    this.#notify();
  }

  #notify(): void {
    this.#statusChanges.notify();
    this.#streamChanges.notify();
  }

  #close(watch: Watch, isFollower: boolean): void {
    if (!this.#watches.delete(watch)) return;
    if (isFollower && --this.#followers === 0) this.#stopFollowing?.();
    if (this.#watches.size > 0) return;
    this.#stopListening();
    this.#unwatched();
  }
}

/** Counts changes: whoever looked before one is not made to wait for the next. */
class ChangeSignal {
  readonly #waiting = new Set<() => void>();
  count = 0;

  notify(): void {
    this.count++;
    for (const call of [...this.#waiting]) call();
  }

  /** Resolves when the count is not `seen` any more, or on abort. */
  after(seen: number, until: AbortSignal): Promise<void> {
    if (this.count !== seen || until.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waiting.delete(end);
        until.removeEventListener('abort', end);
        resolve();
      };
      this.#waiting.add(end);
      until.addEventListener('abort', end);
    });
  }
}
