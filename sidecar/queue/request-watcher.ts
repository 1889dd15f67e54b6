// What clients of this replica wait for: one entry for each request, however many clients wait for it. The store is looked at
// once for all of them: when it tells of a change, and now and then by a clock, because a message may be lost and because a
// position in the queue changes without one.
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { QueuedStatus, Watch } from './queue.ts';
import { WatchedRequest, type WatchedStore } from './watched-request.ts';

/** What the watcher asks of the store. */
export interface WatcherDeps extends WatchedStore {
  statuses(ids: readonly string[]): Promise<readonly (QueuedStatus | null)[]>;
}

const POLL_PERIOD_MS = 1_000;
/** A status that is this old is looked at again. */
const STALE_MS = 5_000;
/** Statuses of one poll: more requests than five times as many are looked at less often, so that the cost stays bounded. */
const MAX_POLLED = 100;

export class RequestWatcher {
  readonly #clock: Clock;
  readonly #deps: WatcherDeps;
  /** In the order in which they were last looked at. */
  readonly #watched = new Map<string, WatchedRequest>();
  #polling: Timer | undefined;

  constructor(clock: Clock, deps: WatcherDeps) {
    this.#clock = clock;
    this.#deps = deps;
  }

  /** Throws StoreError while the store is not open. The watch must be closed. */
  watch(id: string, wants: 'status' | 'stream'): Watch {
    let request = this.#watched.get(id);
    if (request === undefined) {
      request = new WatchedRequest(id, this.#clock, this.#deps, () => this.#watched.delete(id));
      this.#watched.set(id, request);
    }
    this.#polling ??= this.#pollLater();
    return request.watch(wants);
  }

  #pollLater(): Timer {
    return this.#clock.after(POLL_PERIOD_MS, () => {
      if (this.#watched.size === 0) {
        this.#polling = undefined;
        return;
      }
      void this.#poll().then(() => {
        this.#polling = this.#pollLater();
      });
    });
  }

  async #poll(): Promise<void> {
    const due = this.#takeStale();
    if (due.length === 0) return;
    const changesBefore = due.map(({ changes }) => changes);
    try {
      const statuses = await this.#deps.statuses(due.map(({ id }) => id));
      for (const [i, request] of due.entries()) {
        // One that changed meanwhile is looked at anew by those who wait.
        if (request.changes === changesBefore[i]) request.polled(statuses[i] ?? null);
      }
    } catch {
      // The store is away. Its return announces a change of everything; the next poll comes all the same.
    }
  }

  #takeStale(): readonly WatchedRequest[] {
    const staleMs = this.#clock.monotonicMs() - STALE_MS;
    const stale: WatchedRequest[] = [];
    for (const request of this.#watched.values()) {
      if (request.lookedAtMs <= staleMs) stale.push(request);
      if (stale.length === MAX_POLLED) break;
    }
    for (const request of stale) {
      request.lookedAtMs = this.#clock.monotonicMs();
      this.#watched.delete(request.id);
      this.#watched.set(request.id, request);
    }
    return stale;
  }
}
