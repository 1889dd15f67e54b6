// The queue's running half as run.ts starts, drains and stops it. Contract only; `createQueueService`
// (queue/create-queue.ts) builds it: the store of the settings, the queue before it, the worker beside it.
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { SidecarSettings } from '../contract.ts';
import type { QueueObserver } from './observer.ts';
import type { CallContainer, ProbeContainer, WorkGate } from './parts.ts';
import type { Queue } from './queue.ts';

export interface QueueSurroundings {
  readonly settings: SidecarSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gate: WorkGate;
  readonly callContainer: CallContainer;
  readonly observer: QueueObserver;
  /** Where left out, a breaker that paused goes on after its pause without asking. */
  readonly probeContainer?: ProbeContainer;
  /** Something of this replica's running work ended: a drain looks again. */
  finished(): void;
}

export interface QueueService {
  readonly queue: Queue;
  readonly storeKind: 'redis' | 'sqlite';
  /** Async requests of this replica that are inside the container or on their way there. */
  readonly running: number;
  /** Opens the store (throws with a sentence that says what to do) and begins to claim. */
  start(): Promise<void>;
  /** No new claims; what runs goes on. Harmless when paused already. */
  pause(): void;
  resume(): void;
  /** Gives running work back to the queue, the attempt not counted. Resolves when none is left here. */
  handBack(): Promise<void>;
  /** Hands back what still runs and closes the store. */
  stop(): Promise<void>;
}

export type CreateQueueService = (around: QueueSurroundings) => QueueService;
