// One replica's queue without the rest of a sidecar: the real service over a real store, a gate that only counts, and a
// container that the test plays itself.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { systemClock } from '../../runtime/clock.ts';
import { readSidecarSettings } from '../../sidecar/config.ts';
import { createQueueService, defaultQueueTimes, type QueueTimes } from '../../sidecar/queue/create-queue.ts';
import { type QueueObserver, silentObserver } from '../../sidecar/queue/observer.ts';
import type { CallContainer, ProbeContainer, Slot, WorkGate } from '../../sidecar/queue/parts.ts';
import type { Queue } from '../../sidecar/queue/queue.ts';
import type { QueueService } from '../../sidecar/queue/queue-service.ts';

export const quickTimes: QueueTimes = {
  ...defaultQueueTimes,
  sweepPeriodMs: 100,
  safetyPollMs: 500,
  firstRetryMs: 20,
  maxRetryMs: 100,
  breakerFirstPauseMs: 50,
  breakerMaxPauseMs: 200,
  lastWordMs: 1000,
  webhookRetryDelaysMs: [50, 50, 50],
};

/** Hands out so many slots, in order. */
export class CountingGate implements WorkGate {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(slots: number) {
    this.#free = slots;
  }

  get free(): number {
    return this.#free;
  }

  acquireForWork(signal: AbortSignal): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const take = (): void => resolve(this.#slot());
      if (signal.aborted) return reject(signal.reason);
      if (this.#free > 0) return take();
      this.#waiting.push(take);
      signal.addEventListener('abort', () => {
        const at = this.#waiting.indexOf(take);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(signal.reason);
      });
    });
  }

  tryAcquireForWork(): Slot | undefined {
    return this.#free > 0 ? this.#slot() : undefined;
  }

  #slot(): Slot {
    this.#free--;
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      this.#free++;
      this.#waiting.shift()?.();
    };
    return { waitedMs: 0, release };
  }
}

export interface ReplicaOptions {
  readonly call: CallContainer;
  /** Address of a store; without one a file of its own. */
  readonly store?: string;
  readonly name?: string;
  readonly slots?: number;
  readonly settings?: Readonly<Record<string, string>>;
  readonly times?: Partial<QueueTimes>;
  readonly observer?: Partial<QueueObserver>;
  readonly probe?: ProbeContainer;
}

export interface Replica {
  readonly service: QueueService;
  readonly queue: Queue;
  readonly gate: CountingGate;
  readonly log: readonly Readonly<Record<string, unknown>>[];
}

const open: { service: QueueService; directory: string }[] = [];

export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const directory = mkdtempSync(join(tmpdir(), 'test-replica-'));
  const gate = new CountingGate(options.slots ?? 4);
  const log: Record<string, unknown>[] = [];
  const env = {
    SIDECAR_NAME: options.name ?? `r${randomUUID().slice(0, 8)}`,
    SIDECAR_DATA_DIR: directory,
    SIDECAR_STORE: options.store ?? '',
    ...options.settings,
  };
  const service = createQueueService(
    {
      settings: readSidecarSettings(env, []),
      clock: systemClock,
      logger: pino({ level: 'info', base: null }, { write: (line: string) => log.push(JSON.parse(line)) }),
      gate,
      callContainer: options.call,
      observer: { ...silentObserver, ...options.observer },
      finished: () => undefined,
      ...(options.probe === undefined ? {} : { probeContainer: options.probe }),
    },
    { ...quickTimes, ...options.times },
  );
  await service.start();
  open.push({ service, directory });
  return { service, queue: service.queue, gate, log };
}

/** For afterEach. */
export async function stopReplicas(): Promise<void> {
  for (const { service, directory } of open.splice(0)) {
    await service.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A container that answers at once with the request's body. */
export const echo: CallContainer = (claim) =>
  Promise.resolve({
    kind: 'answered',
    response: { status: 200, headers: ['Content-Type', 'text/plain'], body: claim.submission.body },
  });

/** A container that never answers; ends when it is told to. */
export function hanging(aborted: (id: string) => void = () => undefined): CallContainer {
  return (claim, { signal }) =>
    new Promise((resolve) => {
      const end = (): void => {
        aborted(claim.id);
        resolve({ kind: 'aborted' });
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });
}
