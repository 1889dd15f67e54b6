// Submissions on their way to Redis: those that come together share a call, and the claim of a free slot of ours goes in the same write.
import { Batch } from '../batch.ts';
import type { StoreLimits } from '../limits.ts';
import type { Submission } from '../record.ts';
import type { SubmitOutcome } from '../store.ts';
import {
  anySubmissionArguments,
  maxBatchBytes,
  maxBatchItems,
  type PackedSubmission,
  packSubmission,
  sizeOf,
  submissionArguments,
} from './packing.ts';
import { plainFirst } from './plain-first.ts';
import { readAccepted, readSubmitOutcomes } from './reply.ts';
import type { Steps } from './steps.ts';
import type { WakeUps } from './wake-ups.ts';

/** So many do not wait for the rest of their turn (batch.ts): Redis works on them while we prepare the others. */
const enoughBeforeTurnEnds = 8;

export interface SubmissionsOptions {
  readonly steps: Steps;
  readonly wakeUps: WakeUps;
  readonly limits: StoreLimits;
  /** Whether Redis does what it is sent in the order in which it was sent. */
  isInOrder(): boolean;
}

export class Submissions {
  readonly #options: SubmissionsOptions;
  readonly #batch: Batch<PackedSubmission, SubmitOutcome>;

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    this.#batch = new Batch<PackedSubmission, SubmitOutcome>({
      maxItems: maxBatchItems,
      maxBytes: maxBatchBytes,
      enough: enoughBeforeTurnEnds,
      sizeOf,
      atEndOfTurn: (call) => options.steps.write.atEndOfTurn(call),
      send: (items, isTurnOver) => this.#send(items, isTurnOver),
    });
  }

  /** With appendfsync always each call waits for the disk, so all go together. */
  adaptTo(isSyncedAlways: boolean): void {
    this.#batch.enough = isSyncedAlways ? maxBatchItems : enoughBeforeTurnEnds;
  }

  /** `reachable`: the longest line in which it makes its deadline; -1: any. */
  add(submission: Submission, reachable: number): Promise<SubmitOutcome> {
    return this.#batch.add(packSubmission(submission, reachable));
  }

  async #send(items: readonly PackedSubmission[], isTurnOver: boolean): Promise<readonly (SubmitOutcome | Error)[]> {
    const { steps, wakeUps, limits } = this.#options;
    const most = [limits.maxQueue, limits.maxStoredBytes];
    const { detours } = steps;
    const isInOrder = this.#options.isInOrder();
    const accepting = steps.run('submit', [...most, ...submissionArguments(items, isInOrder ? wakeUps.sender : '')]);
    // A claim of ours goes with them, in the same write: they are in line when Redis comes to it.
    if (isInOrder) wakeUps.work.notify();
    if (!isTurnOver) steps.write.release();
    const reply = await accepting.finally(() => {
      // It may have come too early, also where we do not hear how the submission ended.
      if (steps.detours !== detours) wakeUps.work.notify();
    });
    const outcomes = readAccepted(reply, items.length);
    return await plainFirst(items, outcomes, async (left) =>
      readSubmitOutcomes(await steps.run('submitAny', [...most, ...anySubmissionArguments(left)])),
    );
  }
}
