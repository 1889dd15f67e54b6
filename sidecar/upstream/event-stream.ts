// What the relay knows of an event stream that passes through: whether it stands between two events, so that a last
// `event: error` can be added when the container dies, and the pace of its chunks. It never holds a byte back. Pure.
import type { RawHeaders } from '../store/record.ts';
import { headerOf } from './headers.ts';

export function isEventStream(lines: RawHeaders): boolean {
  return headerOf(lines, 'content-type')?.trimStart().toLowerCase().startsWith('text/event-stream') ?? false;
}

const LF = 10;
const CR = 13;

export class EventStreamPosition {
  /** The last three bytes passed, newest last. */
  #tail: readonly [number, number, number] = [LF, LF, LF];

  passed(chunk: Uint8Array): void {
    const [, b, c] = this.#tail;
    const { length } = chunk;
    if (length >= 3) this.#tail = [chunk[length - 3]!, chunk[length - 2]!, chunk[length - 1]!];
    else if (length === 2) this.#tail = [c, chunk[0]!, chunk[1]!];
    else if (length === 1) this.#tail = [b, c, chunk[0]!];
  }

  /** An event ends with an empty line, in any of the line ends the standard knows. */
  get isBetweenEvents(): boolean {
    const [a, b, c] = this.#tail;
    return (b === LF && c === LF) || (b === CR && c === CR) || (a === LF && b === CR && c === LF);
  }
}
