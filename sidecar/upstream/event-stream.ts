// What the relay knows of an event stream that passes through: whether it stands between two events, so that a last
// `event: error` can be added when the container dies, and the pace of its chunks. It never holds a byte back. Pure.

import { mediaTypeOf } from '../../runtime/fields/media-type.ts';
import type { RawHeaders } from '../store/record.ts';
import { headerOf } from './headers.ts';

export function isEventStream(lines: RawHeaders): boolean {
  const type = headerOf(lines, 'content-type');
  // Asked of every response: most are ruled out by their first letter.
  return type !== undefined && /^[ \t]*t/i.test(type) && mediaTypeOf(type) === 'text/event-stream';
}

const LF = 10;
const CR = 13;
const LF_LF = (LF << 8) | LF;
const CR_CR = (CR << 8) | CR;
const LF_CR_LF = (LF << 16) | (CR << 8) | LF;

export class EventStreamPosition {
  /** The last three bytes passed, newest lowest: a number, since this is written for each chunk. */
  #tail = (LF << 16) | (LF << 8) | LF;

  passed(chunk: Uint8Array): void {
    const { length } = chunk;
    for (let i = Math.max(0, length - 3); i < length; i++) this.#tail = ((this.#tail << 8) | chunk[i]!) & 0xffffff;
  }

  /** An event ends with an empty line, in any of the line ends the standard knows. */
  get isBetweenEvents(): boolean {
    const lastTwo = this.#tail & 0xffff;
    return lastTwo === LF_LF || lastTwo === CR_CR || this.#tail === LF_CR_LF;
  }
}
