// Cuts a text/event-stream into events, bytes untouched, so that a reader who comes back never gets half of one. A blank line ends
// an event; line ends may be LF, CR LF or CR, and a CR LF may arrive in two parts. Each byte is looked at once. A very long event
// comes in several pieces, of which only the last ends with the blank line.
import { GatheredBytes } from '../gathered-bytes.ts';

const LF = 10;
const CR = 13;
const LONE_CR = Buffer.from([CR]);
/** An event that is longer comes in pieces of at least this. */
export const LONG_EVENT_BYTES = 256 * 1024;

export class EventSplitter {
  readonly #rest = new GatheredBytes();
  /** The rest ends with a line end: another one ends the event. */
  #isLineEmpty = false;
  /** A CR that came last: half of a CR LF, or a line end by itself. */
  #hasCr = false;

  /** The pieces that are complete with these bytes. Their memory must not be used again. */
  push(bytes: Buffer): readonly Buffer[] {
    const all = this.#hasCr ? Buffer.concat([LONE_CR, bytes]) : bytes;
    const pieces: Buffer[] = [];
    this.#hasCr = all.at(-1) === CR;
    const length = this.#hasCr ? all.length - 1 : all.length;
    let from = 0;
    let nextLf = -1;
    let nextCr = -1;
    for (let at = 0; ; ) {
      if (nextLf < at) nextLf = indexOf(all, LF, at, length);
      if (nextCr < at) nextCr = indexOf(all, CR, at, length);
      const lineEnd = Math.min(nextLf, nextCr);
      if (at < Math.min(lineEnd, length)) this.#isLineEmpty = false;
      if (lineEnd >= length) break;
      at = lineEnd + (nextCr === lineEnd && all[lineEnd + 1] === LF ? 2 : 1);
      if (this.#isLineEmpty) {
        pieces.push(this.#take(all.subarray(from, at)));
        from = at;
      }
      this.#isLineEmpty = !this.#isLineEmpty;
    }
    if (from < length) this.#rest.add(all.subarray(from, length));
    // Behind a line end a piece could be nothing but the blank line, and nobody could tell where its event ends.
    if (this.#rest.length >= LONG_EVENT_BYTES && !this.#isLineEmpty && !this.#hasCr) pieces.push(this.#rest.take());
    return pieces;
  }

  /** What is left when the stream ends: an event without its blank line, or nothing. */
  end(): readonly Buffer[] {
    if (this.#hasCr) this.#rest.add(LONE_CR);
    this.#hasCr = false;
    return this.#rest.length === 0 ? [] : [this.#rest.take()];
  }

  #take(last: Buffer): Buffer {
    this.#rest.add(last);
    return this.#rest.take();
  }
}

/** Where the byte is next; `length` where it is not before that. */
function indexOf(bytes: Buffer, byte: number, from: number, length: number): number {
  const at = bytes.indexOf(byte, from);
  return at < 0 || at > length ? length : at;
}
