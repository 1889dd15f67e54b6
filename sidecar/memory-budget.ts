// The one budget of bytes of a sidecar process: what clients, containers and the store make it hold is taken from here before it is
// kept, and given back when it is let go. Where there is no room a socket is not read, or the request is refused with 503 overloaded.

import { heldForBody, SMALL_SHARE } from './contract.ts';

export interface MemoryLimits {
  /** Most bytes held at a time. */
  readonly totalBytes: number;
  /** Most of these that may lie on V8's heap, which has a limit of its own: heads of requests, and what a connection costs. */
  readonly heapBytes: number;
  /** Set aside for one answer of the container at a time, so that answers which wait for room never wait for each other. */
  readonly lastAnswerBytes: number;
}

interface Waiting {
  readonly bytes: number;
  /** Whose part of an answer it is; undefined: another body. */
  readonly answer: object | undefined;
  readonly granted: () => void;
}

/** What a process may hold with so many bytes in all, where V8's heap may grow to `heapLimitBytes`. */
export function memoryLimits(totalBytes: number, heapLimitBytes: number, maxBodyBytes: number): MemoryLimits {
  return {
    totalBytes,
    heapBytes: Math.floor(Math.min(totalBytes * SMALL_SHARE, heapLimitBytes / 2)),
    lastAnswerBytes: heldForBody(maxBodyBytes),
  };
}

/** Counts bytes and holds none. What was taken is given back in the same number, by the `give` of the same kind. */
export class MemoryBudget {
  readonly limits: MemoryLimits;
  readonly #largeBytes: number;
  #usedBytes = 0;
  #heapBytes = 0;
  #highWaterBytes = 0;
  /** The answer that may take what is set aside. */
  #lastAnswer: object | undefined;
  readonly #answers = new Set<Waiting>();
  readonly #bodies = new Set<Waiting>();
  /** Lets go of what is worth least, at least the missing bytes where it can: called before a `take` fails, which then tries once more. */
  onShortage: (missing: number) => void = () => undefined;
  /** Requests refused and connections closed for want of room: counted by those who do it. */
  refusals = 0;

  constructor(limits: MemoryLimits) {
    this.limits = limits;
    this.#largeBytes = Math.floor(limits.totalBytes * (1 - SMALL_SHARE)) - limits.lastAnswerBytes;
  }

  /** Bytes held now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Most bytes that were held at a time since the start. */
  get highWaterBytes(): number {
    return this.#highWaterBytes;
  }

  /** For a packet or another small thing outside V8's heap. False: there is no room. */
  take(bytes: number): boolean {
    const { totalBytes } = this.limits;
    const missing = this.#usedBytes + bytes - totalBytes;
    if (missing > 0) this.onShortage(missing);
    return this.#takeUpTo(totalBytes, bytes);
  }

  /** For strings and objects. False: there is no room. */
  takeHeap(bytes: number): boolean {
    const { heapBytes } = this.limits;
    const missing = this.#heapBytes + bytes - heapBytes;
    if (missing > 0) this.onShortage(missing);
    if (this.#heapBytes + bytes > heapBytes || !this.take(bytes)) return false;
    this.#heapBytes += bytes;
    return true;
  }

  /** For a whole body or a part of one. False: there is no room now, or others wait for it already. */
  takeLarge(bytes: number): boolean {
    return this.#bodies.size === 0 && this.#takeUpTo(this.#largeBytes, bytes);
  }

  /** The same, as soon as there is room and who asked before has got it; `granted` may be called at once. Returns the way to stop waiting. */
  waitForLarge(bytes: number, granted: () => void): () => void {
    return this.#wait(this.#bodies, { bytes, answer: undefined, granted });
  }

  /**
   * For a part of an answer of the container, whose slot in the model is worth most: before other bodies. `answer` names the whole;
   * one answer at a time may also take what is set aside for the last one.
   */
  waitForAnswer(answer: object, bytes: number, granted: () => void): () => void {
    return this.#wait(this.#answers, { bytes, answer, granted });
  }

  /** The answer is stored or given up: another one may take what is set aside. */
  endAnswer(answer: object): void {
    if (this.#lastAnswer !== answer) return;
    this.#lastAnswer = undefined;
    this.#grant();
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
    if (this.#answers.size > 0 || this.#bodies.size > 0) this.#grant();
  }

  giveHeap(bytes: number): void {
    this.#heapBytes -= bytes;
    this.give(bytes);
  }

  #wait(queue: Set<Waiting>, waiting: Waiting): () => void {
    queue.add(waiting);
    this.#grant();
    return () => {
      if (queue.delete(waiting)) this.#grant();
    };
  }

  #grant(): void {
    for (const waiting of this.#answers) if (this.#takeFor(waiting)) this.#granted(this.#answers, waiting);
    for (const waiting of this.#bodies) {
      if (!this.#takeFor(waiting)) return;
      this.#granted(this.#bodies, waiting);
    }
  }

  #granted(queue: Set<Waiting>, waiting: Waiting): void {
    queue.delete(waiting);
    waiting.granted();
  }

  #takeFor({ bytes, answer }: Waiting): boolean {
    if (this.#takeUpTo(this.#largeBytes, bytes)) return true;
    if (answer === undefined) return false;
    this.#lastAnswer ??= answer;
    if (this.#lastAnswer !== answer) return false;
    return this.#takeUpTo(this.#largeBytes + this.limits.lastAnswerBytes, bytes);
  }

  #takeUpTo(limitBytes: number, bytes: number): boolean {
    const usedBytes = this.#usedBytes + bytes;
    if (usedBytes > limitBytes) return false;
    this.#usedBytes = usedBytes;
    if (usedBytes > this.#highWaterBytes) this.#highWaterBytes = usedBytes;
    return true;
  }
}
