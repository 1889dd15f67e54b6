// Cuts a text/event-stream into whole events, bytes untouched, so that a reader who comes back never gets half of one.
// A blank line ends an event; line ends may be LF, CR LF or CR, and a CR LF may arrive in two parts.

const LF = 10;
const CR = 13;

export class EventSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** The events that are complete with these bytes. */
  push(bytes: Uint8Array): readonly Buffer[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    const events: Buffer[] = [];
    let from = 0;
    for (let end = endOfEvent(this.#rest, from); end > 0; end = endOfEvent(this.#rest, from)) {
      events.push(this.#rest.subarray(from, end));
      from = end;
    }
    this.#rest = this.#rest.subarray(from);
    return events;
  }

  /** What is left when the stream ends: an event without its blank line, or nothing. */
  end(): readonly Buffer[] {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.length === 0 ? [] : [rest];
  }
}

/** Index after the blank line that ends the first event, or 0 while there is none for sure. */
function endOfEvent(bytes: Buffer, from: number): number {
  let isLineEmpty = false;
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte !== LF && byte !== CR) {
      isLineEmpty = false;
      at++;
      continue;
    }
    // A CR that is last may be half of a CR LF: its other half belongs to this event.
    if (byte === CR && at + 1 === bytes.length) return 0;
    at += byte === CR && bytes[at + 1] === LF ? 2 : 1;
    if (isLineEmpty) return at;
    isLineEmpty = true;
  }
  return 0;
}
