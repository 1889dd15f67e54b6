// Bytes that come in pieces and are wanted as one. However small the pieces are, they cost little more than their bytes: small ones
// are copied together instead of being kept as so many objects.

/** Pieces below this are copied together. */
const SMALL_BYTES = 4 * 1024;
const MAX_BLOCK_BYTES = 64 * 1024;

export class GatheredBytes {
  #pieces: Buffer[] = [];
  #length = 0;
  /** Where small pieces go; those from `#from` on are not among the pieces yet. */
  #block = Buffer.alloc(0);
  #from = 0;
  #end = 0;

  get length(): number {
    return this.#length;
  }

  /** Keeps the bytes, or copies them: their memory must not be used again. */
  add(bytes: Buffer): void {
    const isFirst = this.#length === 0;
    this.#length += bytes.length;
    if (isFirst || bytes.length >= SMALL_BYTES) {
      this.#closeRun();
      this.#pieces.push(bytes);
      return;
    }
    if (bytes.length > this.#block.length - this.#end) this.#newBlock();
    this.#end += bytes.copy(this.#block, this.#end);
  }

  /** All of it in one piece; nothing is left. */
  take(): Buffer {
    this.#closeRun();
    const pieces = this.#pieces;
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    return bytes;
  }

  #newBlock(): void {
    this.#closeRun();
    // As much as there is already: few for many, and little for little.
    const length = Math.min(Math.max(this.#length, SMALL_BYTES), MAX_BLOCK_BYTES);
    this.#block = Buffer.allocUnsafe(length);
    this.#from = 0;
    this.#end = 0;
  }

  #closeRun(): void {
    if (this.#end > this.#from) this.#pieces.push(this.#block.subarray(this.#from, this.#end));
    this.#from = this.#end;
  }
}
