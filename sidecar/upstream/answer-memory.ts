// Memory of one answer that is gathered for the store: what has come is paid for, and while there is none for more the container is not
// read. One answer at a time always gets through (see memory-budget.ts).
import { heldForBody } from '../contract.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { RoundTrip } from './client/round-trip.ts';

export class AnswerMemory {
  readonly #memory: MemoryBudget;
  #takenBytes = 0;
  #stopWaiting: (() => void) | undefined;

  constructor(memory: MemoryBudget) {
    this.#memory = memory;
  }

  /** For so many bytes more of the body. Pauses the trip until there is memory for them. */
  take(bytes: number, trip: RoundTrip): void {
    const heldBytes = heldForBody(bytes);
    let isGranted = false;
    const stop = this.#memory.waitForAnswer(this, heldBytes, () => {
      isGranted = true;
      this.#takenBytes += heldBytes;
      if (this.#stopWaiting === undefined) return;
      this.#stopWaiting = undefined;
      trip.resume();
    });
    if (isGranted) return;
    this.#stopWaiting = stop;
    trip.pause();
  }

  /** The answer is stored or given up. */
  release(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#memory.give(this.#takenBytes);
    this.#takenBytes = 0;
    this.#memory.endAnswer(this);
  }
}
