// Keeps the leases of all that runs in this replica, in one call of the store for all, and tells each attempt when to stop:
// its lease was lost, it was canceled through any replica, or its time is over.
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Lease, LeaseState, Store } from '../store/store.ts';

export type StopReason = Exclude<LeaseState, 'held'>;

interface Kept {
  readonly lease: Lease;
  readonly stop: (reason: StopReason) => void;
}

export class Heartbeat {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #kept = new Map<string, Kept>();
  #timer: Timer | undefined;
  #stopListening: (() => void) | undefined;

  constructor(store: Store, clock: Clock, leaseMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  start(): void {
    this.#stopListening = this.#store.onCanceled((id) => this.#kept.get(id)?.stop('canceled'));
    this.#beatLater();
  }

  stop(): void {
    this.#stopListening?.();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Returns the way to let the lease go. */
  keep(lease: Lease, stop: (reason: StopReason) => void): () => void {
    const kept = { lease, stop };
    this.#kept.set(lease.id, kept);
    return () => {
      if (this.#kept.get(lease.id) === kept) this.#kept.delete(lease.id);
    };
  }

  /** A third of the lease: two beats may fail before it is lost. */
  #beatLater(): void {
    this.#timer = this.#clock.after(this.#leaseMs / 3, () => {
      this.beat().then(
        () => this.#beatAgain(),
        () => this.#beatAgain(),
      );
    });
  }

  #beatAgain(): void {
    if (this.#timer !== undefined) this.#beatLater();
  }

  /** Rejects where the store is away: the leases may be lost or not, only the store can say. */
  async beat(): Promise<void> {
    const all = [...this.#kept.values()];
    if (all.length === 0) return;
    const states = await this.#store.renew(
      all.map(({ lease }) => lease),
      this.#leaseMs,
    );
    for (const [i, kept] of all.entries()) {
      const state = states[i];
      // One that was let go meanwhile has ended by itself.
      if (state !== undefined && state !== 'held' && this.#kept.get(kept.lease.id) === kept) kept.stop(state);
    }
  }
}
