// The gate in front of the container: at most `concurrency` requests inside, sync and queued work together; the rest wait
// in arrival order. Knows nothing of HTTP: who waits is told when its turn comes, and leaves by itself.
import type { Clock } from '../../runtime/clock.ts';
import type { Slot, WorkGate } from '../queue/parts.ts';
import { Line, type Place } from './line.ts';

/** Who waits for a slot. Called at most once, possibly while it joins. */
export interface Waiter {
  admitted(slot: Slot): void;
  /** The replica ends before its turn came. */
  dismissed(): void;
  /** One of these has thrown. Does not throw. */
  failed(error: unknown): void;
}

export interface GateOptions {
  readonly concurrency: number;
  /** Sync callers that may wait; one more is refused. */
  readonly maxWaiting: number;
  readonly clock: Clock;
}

/** Queued work goes first once so many sync callers in a row were let in before it: neither starves the other. */
const SYNC_ADMISSIONS_BEFORE_WORK = 4;

interface Waiting {
  readonly waiter: Waiter;
  readonly sinceMs: number;
}

export class Gate implements WorkGate {
  readonly #options: GateOptions;
  readonly #callers = new Line<Waiting>();
  readonly #work = new Line<Waiting>();
  /** Whose turn had come, but whose body was not here: they hold no slot, and come back when it is. */
  readonly #aside = new Set<Waiter>();
  #inFlight = 0;
  #isOpen = true;
  #isAdmitting = false;
  #overtakings = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Sync callers in line. */
  get waiting(): number {
    return this.#callers.length + this.#aside.size;
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && this.waiting === 0;
  }

  /** The container takes work: let in who waits. */
  open(): void {
    this.#isOpen = true;
    this.#admit();
  }

  /** The container takes no new work: everyone waits. Who is inside stays inside. */
  close(): void {
    this.#isOpen = false;
  }

  /** Room for a newcomer: a free slot that nobody waits for. */
  get hasRoom(): boolean {
    return (
      this.#isOpen &&
      this.#inFlight < this.#options.concurrency &&
      this.#callers.length === 0 &&
      this.#work.length === 0
    );
  }

  /** One more sync caller than may wait. */
  get isFull(): boolean {
    return this.waiting >= this.#options.maxWaiting;
  }

  /** A sync caller comes in at once (undefined), or waits at the place given. Whether it may, admission.ts says before. */
  enter(waiter: Waiter): Place<Waiting> | undefined {
    if (this.hasRoom) {
      waiter.admitted(this.#occupy(0));
      return undefined;
    }
    return this.#callers.join({ waiter, sinceMs: this.#options.clock.monotonicMs() });
  }

  /** A sync caller whose container went away before it took the request: first in line again. */
  enterAgain(waiter: Waiter): Place<Waiting> {
    this.#aside.delete(waiter);
    const place = this.#callers.joinAtFront({ waiter, sinceMs: this.#options.clock.monotonicMs() });
    this.#admit();
    return place;
  }

  /** Its turn has come and it is not ready: the slot is free for the next, and `enterAgain` brings it back to the front. */
  stepAside(waiter: Waiter, slot: Slot): void {
    this.#aside.add(waiter);
    slot.release();
  }

  /** It does not come back. */
  forget(waiter: Waiter): void {
    this.#aside.delete(waiter);
  }

  leave(place: Place<Waiting>): void {
    this.#callers.leave(place);
  }

  /** Sends away every sync caller in line. */
  dismissAll(): void {
    for (let next = this.#callers.take(); next !== undefined; next = this.#callers.take()) dismiss(next.waiter);
    for (const waiter of this.#aside) dismiss(waiter);
  }

  acquireForWork(signal: AbortSignal): Promise<Slot> {
    const { promise, resolve, reject } = Promise.withResolvers<Slot>();
    if (signal.aborted) {
      reject(signal.reason);
      return promise;
    }
    const leave = () => {
      this.#work.leave(place);
      reject(signal.reason);
    };
    const admitted = (slot: Slot) => {
      signal.removeEventListener('abort', leave);
      resolve(slot);
    };
    const place = this.#work.join({
      waiter: { admitted, dismissed: leave, failed: reject },
      sinceMs: this.#options.clock.monotonicMs(),
    });
    signal.addEventListener('abort', leave, { once: true });
    this.#admit();
    return promise;
  }

  tryAcquireForWork(): Slot | undefined {
    return this.hasRoom ? this.#occupy(0) : undefined;
  }

  #admit(): void {
    // One loop at a time: a waiter that fails at once gives its slot back in the middle of this loop.
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    try {
      while (this.#isOpen && this.#inFlight < this.#options.concurrency) {
        const next = this.#next();
        if (next === undefined) return;
        const slot = this.#occupy(this.#options.clock.monotonicMs() - next.sinceMs);
        try {
          next.waiter.admitted(slot);
        } catch (error) {
          // Not the failure of whoever gave the slot back, nor of those behind.
          next.waiter.failed(error);
          slot.release();
        }
      }
    } finally {
      this.#isAdmitting = false;
    }
  }

  #next(): Waiting | undefined {
    const workWaits = this.#work.length > 0;
    if (this.#callers.length > 0 && !(workWaits && this.#overtakings >= SYNC_ADMISSIONS_BEFORE_WORK)) {
      if (workWaits) this.#overtakings++;
      return this.#callers.take();
    }
    this.#overtakings = 0;
    return this.#work.take();
  }

  #occupy(waitedMs: number): Slot {
    this.#inFlight++;
    return new OccupiedSlot(waitedMs, this.#vacate);
  }

  readonly #vacate = (): void => {
    this.#inFlight--;
    this.#admit();
  };
}

function dismiss(waiter: Waiter): void {
  try {
    waiter.dismissed();
  } catch (error) {
    waiter.failed(error);
  }
}

class OccupiedSlot implements Slot {
  readonly waitedMs: number;
  #vacate: (() => void) | undefined;

  constructor(waitedMs: number, vacate: () => void) {
    this.waitedMs = waitedMs;
    this.#vacate = vacate;
  }

  release(): void {
    const vacate = this.#vacate;
    this.#vacate = undefined;
    vacate?.();
  }
}
