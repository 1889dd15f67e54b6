// Memory of one answer that is gathered for the store: what has come is paid for, and while there is none for more the container is not
// read. One answer at a time always gets through (see memory-budget.ts).
import { heldForBody } from '../contract.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { RoundTrip } from './client/round-trip.ts';

export class AnswerMemory {
  readonly #memory: MemoryBudget;
  #takenBytes = 0;
  /** Has come and is not paid for: what the packet that was being read held besides. */
  #owedBytes = 0;
  #stopWaiting: (() => void) | undefined;

  constructor(memory: MemoryBudget) {
    this.#memory = memory;
  }

  /** For so many bytes more of the body. Pauses the trip until there is memory for them. */
  take(bytes: number, trip: RoundTrip): void {
    this.#owedBytes += heldForBody(bytes);
    if (this.#stopWaiting !== undefined) return;
    if (!this.#isPaid(trip)) trip.pause();
  }

  /** The answer is stored or given up. */
  release(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#owedBytes = 0;
    this.#memory.give(this.#takenBytes);
    this.#takenBytes = 0;
    this.#memory.endAnswer(this);
  }

  /** False: it waits, and the trip goes on when all is paid for. */
  #isPaid(trip: RoundTrip): boolean {
    const bytes = this.#owedBytes;
    let isGranted = false;
    const stop = this.#memory.waitForAnswer(this, bytes, () => {
      isGranted = true;
      this.#takenBytes += bytes;
      this.#owedBytes -= bytes;
      if (this.#stopWaiting === undefined) return;
      this.#stopWaiting = undefined;
      if (this.#owedBytes === 0 || this.#isPaid(trip)) trip.resume();
    });
    if (!isGranted) this.#stopWaiting = stop;
    return isGranted;
  }
}
