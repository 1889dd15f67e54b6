// Takes queued requests into the container: waits for work, for the breaker and for a free slot, and only then claims.
// One loop; each claimed request runs beside it as an Attempt. Pausing ends the loop, not the attempts.
import type { Logger } from '../../runtime/logger.ts';
import type { Claim } from '../store/store.ts';
import { Attempt, type AttemptSurroundings } from './attempt.ts';
import type { Breaker } from './breaker.ts';
import type { Slot, WorkGate } from './parts.ts';
import { pause, untilCalled } from './waiting.ts';

export interface WorkerOptions {
  readonly name: string;
  readonly leaseMs: number;
  /** Looks for work this often though nothing told of any: a wake-up may be lost. */
  readonly safetyPollMs: number;
  readonly storeAwayDelayMs: number;
}

export interface WorkerSurroundings extends AttemptSurroundings {
  readonly gate: WorkGate;
  readonly breaker: Breaker;
  readonly logger: Logger;
  /** An attempt ended. */
  finished(): void;
}

export class Worker {
  readonly #options: WorkerOptions;
  readonly #around: WorkerSurroundings;
  readonly #attempts = new Set<Attempt>();
  readonly #ends = new Map<Attempt, Promise<void>>();
  #claiming: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();
  #isWorkDue = true;
  #wake: () => void = () => undefined;

  constructor(options: WorkerOptions, around: WorkerSurroundings) {
    this.#options = options;
    this.#around = around;
  }

  get running(): number {
    return this.#attempts.size;
  }

  /** Work may be waiting. */
  workArrived(): void {
    this.#isWorkDue = true;
    this.#wake();
  }

  resume(): void {
    if (this.#claiming !== undefined) return;
    const claiming = new AbortController();
    this.#claiming = claiming;
    this.#isWorkDue = true;
    this.#loop = this.#loop.then(() => this.#claimUntil(claiming.signal));
  }

  pause(): void {
    this.#claiming?.abort(new Error('paused'));
    this.#claiming = undefined;
  }

  /** Stops what runs and gives it back. Resolves when nothing is left here. */
  async handBack(): Promise<void> {
    this.pause();
    await this.#loop;
    for (const attempt of this.#attempts) attempt.stop('drained');
    await Promise.all(this.#ends.values());
  }

  async #claimUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#untilWorkIsDue(signal);
        await this.#around.breaker.pass(signal);
        if (!signal.aborted) await this.#claimOnce(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#around.logger.warn({ err: error }, 'cannot claim work');
        this.#isWorkDue = true;
        await pause(this.#around.clock, this.#options.storeAwayDelayMs, signal);
      }
    }
  }

  async #untilWorkIsDue(signal: AbortSignal): Promise<void> {
    if (this.#isWorkDue) return;
    await untilCalled(this.#around.clock, this.#options.safetyPollMs, signal, (call) => {
      this.#wake = call;
      return () => {
        this.#wake = () => undefined;
      };
    });
  }

  async #claimOnce(signal: AbortSignal): Promise<void> {
    const { gate, store, breaker } = this.#around;
    const slots: Slot[] = [await gate.acquireForWork(signal)];
    try {
      // It may have opened while we waited for the slot: the one who gave it up is the one who failed.
      if (breaker.state === 'open') return;
      const isProbing = breaker.state === 'probing';
      // Nothing told of any work: one slot is enough to find out, and sync callers keep theirs meanwhile.
      const isOneEnough = isProbing || !this.#isWorkDue;
      for (let more = isOneEnough ? undefined : gate.tryAcquireForWork(); more; more = gate.tryAcquireForWork()) {
        slots.push(more);
      }
      // Before the claim: what arrives while it is under way must be noticed.
      this.#isWorkDue = false;
      const { name, leaseMs } = this.#options;
      const { claims, isMoreDue } = await store.claim({ max: slots.length, worker: name, leaseMs });
      if (isMoreDue) this.#isWorkDue = true;
      const begun = claims.map((claim) => this.#begin(claim, slots.shift()));
      if (signal.aborted) for (const attempt of begun) attempt.stop('drained');
      if (isProbing && begun[0] !== undefined) await this.#ends.get(begun[0]);
    } finally {
      for (const slot of slots) slot.release();
    }
  }

  #begin(claim: Claim, slot: Slot | undefined): Attempt {
    const { observer, logger, finished } = this.#around;
    const isFirst = claim.attempt === 1;
    // The store's clock may have been set back.
    const waitedMs = Math.max(claim.claimedAtMs - claim.createdAtMs, 0);
    observer.claimed(claim.submission.mode, claim.attempt, isFirst ? waitedMs : null);
    const attempt = new Attempt(claim, this.#around);
    this.#attempts.add(attempt);
    const end = attempt
      .run(slot ?? noSlot)
      .catch((error: unknown) => logger.error({ err: error, id: claim.id }, 'an attempt ended in a fault of our own'))
      .finally(() => {
        this.#attempts.delete(attempt);
        this.#ends.delete(attempt);
        finished();
      });
    this.#ends.set(attempt, end);
    return attempt;
  }
}

/** A store never gives more than was asked for; if it did, the requests would still have to be run. */
const noSlot: Slot = { waitedMs: 0, release: () => undefined };
