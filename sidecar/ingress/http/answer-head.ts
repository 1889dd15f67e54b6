// The head of an answer as text: status line, the lines given, and those that belong to this connection: Date, Connection and how
// the body is framed. Refuses what could not be read in one way only.
import type { Clock } from '../../../runtime/clock.ts';

/** How the end of a body is known. */
export type Framing = 'length' | 'chunked' | 'close' | 'none';

export interface HeadFacts {
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn. */
  readonly lines: readonly string[];
  /** HEAD, or a status that has no body. */
  readonly isBodiless: boolean;
  /** HTTP/1.1: chunks are understood, and a connection is kept without a word. */
  readonly isModern: boolean;
  readonly keepsAlive: boolean;
}

export interface WrittenHead {
  readonly text: string;
  readonly framing: Framing;
  readonly keepsAlive: boolean;
}

export class AnswerHeads {
  readonly #clock: Clock;
  readonly #keepAliveLines: string;
  #second = -1;
  #dateLine = '';

  constructor(clock: Clock, keepAliveMs: number) {
    this.#clock = clock;
    this.#keepAliveLines = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n\r\n`;
  }

  write({ status, reason, lines, isBodiless, isModern, keepsAlive }: HeadFacts): WrittenHead {
    let hasLength = false;
    let hasDate = false;
    let trailer = '';
    let text = `HTTP/1.1 ${status} ${checked(reason)}\r\n`;
    for (let i = 0; i < lines.length; i += 2) {
      const name = lines[i]!;
      const line = `${name}: ${checked(lines[i + 1]!)}\r\n`;
      if (isNamed(name, 'content-length')) {
        // Never with 204 (RFC 9110, 8.6).
        if (status === 204) continue;
        hasLength = true;
      }
      if (isNamed(name, 'trailer')) trailer += line;
      else text += line;
      hasDate ||= isNamed(name, 'date');
    }
    const framing = framingOf(isBodiless, hasLength, isModern);
    if (framing === 'chunked') text += `${trailer}Transfer-Encoding: chunked\r\n`;
    if (!hasDate) text += this.#date();
    // HTTP/1.0 takes an answer without a length for one that ends with its connection.
    const isKept = keepsAlive && (isModern || hasLength);
    return { text: text + (isKept ? this.#keepAliveLines : CLOSE_LINES), framing, keepsAlive: isKept };
  }

  #date(): string {
    const second = Math.floor(this.#clock.nowMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#dateLine = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
    }
    return this.#dateLine;
  }
}

const CLOSE_LINES = 'Connection: close\r\n\r\n';

function framingOf(isBodiless: boolean, hasLength: boolean, isModern: boolean): Framing {
  if (isBodiless) return 'none';
  if (hasLength) return 'length';
  return isModern ? 'chunked' : 'close';
}

/** By length first: most are not. */
function isNamed(name: string, lower: string): boolean {
  return name.length === lower.length && name.toLowerCase() === lower;
}

/** A line that ends in the middle of a value would begin another. */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

function checked(value: string): string {
  if (NOT_IN_VALUE.test(value)) throw new Error('a header value has characters that are not allowed');
  return value;
}
