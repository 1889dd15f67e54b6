// What goes to Redis in one turn of the event loop goes in one write: a system call less for each on both sides, and Redis answers
// all of it in one. It works on the next turn's while we read the answers of this one's, so what is much already goes at once.
import type { Writable } from 'node:stream';

export class SharedWrite {
  readonly #socket: () => Writable | undefined;
  #held: Writable | undefined;
  #isEndDue = false;
  #atEnd: (() => void)[] = [];

  /** `socket`: the one that is written to now; none where there are several, or none yet: then each step is a write of its own. */
  constructor(socket: () => Writable | undefined) {
    this.#socket = socket;
  }

  /** What is written from now on goes out when the turn ends. */
  hold(): void {
    if (this.#held !== undefined) return;
    this.#held = this.#socket();
    this.#held?.cork();
    this.#expectEnd();
  }

  /** Everything so far goes out now. */
  release(): void {
    this.#held?.uncork();
    this.#held = undefined;
  }

  /** Calls it when the turn ends, before what is held goes out. */
  atEndOfTurn(call: () => void): void {
    this.#atEnd.push(call);
    this.#expectEnd();
  }

  #expectEnd(): void {
    if (this.#isEndDue) return;
    this.#isEndDue = true;
    setImmediate(() => {
      this.#isEndDue = false;
      const calls = this.#atEnd;
      this.#atEnd = [];
      for (const call of calls) call();
      this.release();
    });
  }
}
