// The body of an async request, which is stored as a whole: gathered up to a limit, in a time, and only where there is memory for it. Until
// there is, its client is not read.
import { heldForBody } from '../contract.ts';
import { GatheredBytes } from '../gathered-bytes.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { BodyReader, IncomingRequest } from './http/request.ts';

/** Bodies up to this do not wait behind large ones. */
const SMALL_BYTES = 64 * 1024;

/** Why a body was given up. */
export type BodyFault = 'too_large' | 'too_slow' | 'no_memory';

export interface BodyTaker {
  /** The whole body. Its memory is given back by `release`. */
  gathered(bytes: Uint8Array): void;
  failed(fault: BodyFault): void;
}

export class GatheredBody implements BodyReader {
  readonly #request: IncomingRequest;
  readonly #memory: MemoryBudget;
  readonly #maxBytes: number;
  readonly #taker: BodyTaker;
  /** As the client says it; undefined: it does not. */
  readonly #length: number | undefined;
  #whole: Buffer | undefined;
  #gathered = new GatheredBytes();
  #bytes = 0;
  #takenBytes = 0;
  #stopWaiting: (() => void) | undefined;
  #isOver = false;

  constructor(request: IncomingRequest, memory: MemoryBudget, maxBytes: number, taker: BodyTaker) {
    const { 'content-length': length } = request.headers;
    this.#request = request;
    this.#memory = memory;
    this.#maxBytes = maxBytes;
    this.#taker = taker;
    this.#length = length === undefined ? undefined : Number(length);
  }

  /** `asked` is called when the client may send. */
  start(asked: () => void): void {
    const length = this.#length ?? 0;
    if (length > this.#maxBytes) this.#fail('too_large');
    else if (length <= SMALL_BYTES) this.#begin(asked);
    else {
      const heldBytes = heldForBody(length);
      this.#stopWaiting = this.#memory.waitForLarge(heldBytes, () => {
        this.#takenBytes = heldBytes;
        this.#whole = Buffer.allocUnsafe(length);
        this.#begin(asked);
      });
    }
  }

  chunk(bytes: Buffer): void {
    const at = this.#bytes;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) this.#fail('too_large');
    else if (this.#whole !== undefined) bytes.copy(this.#whole, at);
    else if (this.#takeFor(bytes.length)) this.#gathered.add(bytes);
    else {
      this.#memory.refusals++;
      this.#fail('no_memory');
    }
  }

  end(): void {
    if (this.#isOver) return;
    const whole = this.#whole ?? this.#gathered.take();
    this.#isOver = true;
    this.#taker.gathered(whole);
  }

  silent(): void {
    this.#fail('too_slow');
  }

  /** It has not come in the time that it has, however steadily it came. */
  expired(): void {
    this.#fail('too_slow');
  }

  /** The client is gone: what has not come as a whole is not wanted. */
  abandon(): void {
    if (!this.#isOver) this.release();
  }

  /** The bytes are stored, or nobody wants them. */
  release(): void {
    this.#isOver = true;
    this.#whole = undefined;
    this.#gathered = new GatheredBytes();
    this.#stopWaiting?.();
    this.#memory.give(this.#takenBytes);
    this.#takenBytes = 0;
  }

  #begin(asked: () => void): void {
    this.#request.readBody(this);
    asked();
  }

  /** What the client has not announced is taken as it comes: a little as any packet, more than that as a large body. */
  #takeFor(bytes: number): boolean {
    const heldBytes = heldForBody(bytes);
    const isTaken = this.#bytes <= SMALL_BYTES ? this.#memory.take(heldBytes) : this.#memory.takeLarge(heldBytes);
    if (isTaken) this.#takenBytes += heldBytes;
    return isTaken;
  }

  #fail(fault: BodyFault): void {
    if (this.#isOver) return;
    this.#request.dropBody();
    this.release();
    this.#taker.failed(fault);
  }
}
