// Takes the framing off a chunked response body as it comes, in whatever pieces. Strict: sizes are hexadecimal digits,
// lines end with CR LF, data ends where its size says. Holds back no data.
import { notHttp } from './fault.ts';
import { readFields } from './response-head.ts';

/** Of one size line with its extensions, and of all trailers. */
const MAX_LINE_BYTES = 16 * 1024;
const MAX_TRAILER_BYTES = 64 * 1024;

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const SPACE = 32;
const TAB = 9;

type Awaited = 'size' | 'extension' | 'size LF' | 'data' | 'data CR' | 'data LF' | 'trailer line' | 'nothing';

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED = '"(?:[\\t !#-[\\]-~\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
/** With the blanks that RFC 9112, 7.1.1, tells a recipient to understand: before and after `;` and `=`, not at the end. */
const EXTENSIONS = new RegExp(`^(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?)+$`);

export class ChunkedBody {
  #awaited: Awaited = 'size';
  /** Of the size: digits so far, and their value. Then the bytes of this chunk that are still to come. */
  #digits = 0;
  #size = 0;
  /** The unfinished line. */
  #line = '';
  #trailer = '';

  get isComplete(): boolean {
    return this.#awaited === 'nothing';
  }

  /** Known once the body is complete: names and values in turn. */
  trailers(): readonly string[] {
    return this.#trailer === '' ? [] : readFields(this.#trailer, 0);
  }

  /** Hands data to `take` and returns where the body ended, or the end of what was given. */
  read(bytes: Buffer, from: number, to: number, take: (data: Buffer) => void): number {
    let at = from;
    while (at < to && this.#awaited !== 'nothing') {
      if (this.#awaited === 'data') {
        const end = Math.min(to, at + this.#size);
        this.#size -= end - at;
        if (this.#size === 0) this.#awaited = 'data CR';
        take(bytes.subarray(at, end));
        at = end;
      } else if (this.#awaited === 'extension' || this.#awaited === 'trailer line') {
        at = this.#readLine(bytes, at, to);
      } else {
        if (this.#awaited === 'size') at = this.#readDigits(bytes, at, to);
        if (at < to) this.#readByte(bytes[at++]!);
      }
    }
    return at;
  }

  #readByte(byte: number): void {
    switch (this.#awaited) {
      case 'size':
        this.#endSize(byte);
        return;
      case 'size LF':
        if (byte !== LF) throw notHttp('the size of a chunk does not end with CR LF');
        this.#begin();
        return;
      case 'data CR':
        if (byte !== CR) throw notHttp('a chunk is longer than its size');
        this.#awaited = 'data LF';
        return;
      default:
        if (byte !== LF) throw notHttp('a chunk does not end with CR LF');
        this.#awaited = 'size';
        this.#digits = 0;
    }
  }

  /** As many as are here. Each token of a model has a size, so they are taken in one go. */
  #readDigits(bytes: Buffer, from: number, to: number): number {
    let at = from;
    let size = this.#size;
    for (; at < to; at++) {
      const digit = digitOf(bytes[at]!);
      if (digit < 0) break;
      size = size * 16 + digit;
      if (++this.#digits > 16 || size > Number.MAX_SAFE_INTEGER) throw notHttp('the size of a chunk is too large');
    }
    this.#size = size;
    return at;
  }

  /** What follows the digits. */
  #endSize(byte: number): void {
    if (this.#digits === 0) {
      throw notHttp('the size of a chunk is not a hexadecimal number');
    } else if (byte === CR) {
      this.#awaited = 'size LF';
    } else if (byte === SEMICOLON || byte === SPACE || byte === TAB) {
      this.#awaited = 'extension';
      this.#line = String.fromCharCode(byte);
    } else {
      throw notHttp('the size of a chunk is not a hexadecimal number');
    }
  }

  /** The size is read: its data, or the trailers after the last one. */
  #begin(): void {
    this.#awaited = this.#size === 0 ? 'trailer line' : 'data';
    this.#line = '';
  }

  #readLine(bytes: Buffer, from: number, to: number): number {
    const lf = bytes.indexOf(LF, from);
    const end = lf < 0 || lf >= to ? to : lf + 1;
    this.#line += bytes.toString('latin1', from, end);
    if (this.#line.length > MAX_LINE_BYTES) throw notHttp('a line of the chunked body is too long');
    if (!this.#line.endsWith('\n')) return end;
    if (!this.#line.endsWith('\r\n')) throw notHttp('a line of the chunked body does not end with CR LF');
    this.#take(this.#line.slice(0, -2));
    return end;
  }

  #take(line: string): void {
    if (this.#awaited === 'extension') {
      if (!EXTENSIONS.test(line)) throw notHttp('the extension of a chunk is malformed');
      this.#begin();
      return;
    }
    this.#line = '';
    if (line === '') {
      this.#awaited = 'nothing';
      return;
    }
    this.#trailer += this.#trailer === '' ? line : `\r\n${line}`;
    if (this.#trailer.length > MAX_TRAILER_BYTES) throw notHttp('its trailers are too large');
  }
}

function digitOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
