// Does regularly what time asks of the store, and looks at its figures: the measured rate that waits are estimated from.
// Every replica sweeps; the store makes sure that each request is touched once.
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { type QueueFigures, type Store, StoreError, type SweepReport } from '../store/store.ts';
import type { QueueObserver } from './observer.ts';

export interface SweeperOptions {
  readonly periodMs: number;
  /** As many as one sweep touches at most: then there is more to do. */
  readonly sweepMax: number;
}

export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #observer: QueueObserver;
  readonly #logger: Logger;
  #timer: Timer | undefined;
  #isRunning = false;
  #sweeping: Promise<void> = Promise.resolve();
  #figures: QueueFigures | undefined;

  constructor(options: SweeperOptions, store: Store, clock: Clock, observer: QueueObserver, logger: Logger) {
    this.#options = options;
    this.#store = store;
    this.#clock = clock;
    this.#observer = observer;
    this.#logger = logger;
  }

  /** As of the last sweep; undefined before the first. */
  get figures(): QueueFigures | undefined {
    return this.#figures;
  }

  start(): void {
    this.#isRunning = true;
    this.#sweepIn(0);
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    await this.#sweeping;
  }

  /** Now rather than at the next period. */
  soon(): void {
    if (this.#isRunning) this.#sweepIn(0);
  }

  #sweepIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(delayMs, () => {
      this.#sweeping = this.#sweeping
        .then(() => this.#sweep())
        // The store counts its own errors; what was not done now is done at the next sweep.
        .catch((error: unknown) => {
          if (!(error instanceof StoreError))
            this.#logger.error({ err: error }, 'a fault of the sidecar itself at a sweep');
        })
        .finally(() => {
          // Not all at the same moment, where many replicas started together.
          if (this.#isRunning) this.#sweepIn(this.#options.periodMs * (0.75 + Math.random() / 2));
        });
    });
  }

  async #sweep(): Promise<void> {
    let report: SweepReport;
    do {
      report = await this.#store.sweep();
      this.#tell(report);
    } while (this.#isRunning && this.#hasMoreToDo(report));
    const figures = await this.#store.figures();
    this.#figures = figures;
    const { queued, running, deadLetters, storedBytes, oldestQueuedAtMs } = figures;
    const oldestMs = oldestQueuedAtMs === null ? 0 : Math.max(this.#clock.nowMs() - oldestQueuedAtMs, 0);
    this.#observer.figures(queued, running, oldestMs / 1000, deadLetters, storedBytes);
  }

  #hasMoreToDo({ expired, leasesTakenBack, deadLettered, removed }: SweepReport): boolean {
    return Math.max(expired.length, leasesTakenBack, deadLettered.length, removed) >= this.#options.sweepMax;
  }

  #tell({ expired, leasesTakenBack, deadLettered }: SweepReport): void {
    for (const id of expired) this.#observer.ended({ id, outcome: 'expired', code: 'request_expired' });
    for (const id of deadLettered) this.#observer.ended({ id, outcome: 'failed', code: 'lease_lost' });
    if (leasesTakenBack > 0) this.#observer.leaseLost('other', leasesTakenBack);
  }
}
