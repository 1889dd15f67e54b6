// The answer to one request on its client's connection: a head, then the body in the framing that the head announces. What is
// written at once leaves in one piece. The bytes given are taken over before `write` returns: their memory may be used again.
import type { AnswerHeads, Framing } from './answer-head.ts';
import type { IncomingRequest } from './request.ts';

/** The connection it goes out on. */
export interface AnswerCarrier {
  readonly heads: AnswerHeads;
  /** As latin1 where it is text. False: it reads slowly, write no more until `drained`. */
  write(data: string | Buffer): boolean;
  /** The answer is complete. */
  answered(): void;
  destroy(): void;
  /** It ends behind what was written. */
  endBehindWords(): void;
}

/** Who wants to know what became of it. */
export interface AnswerWatcher {
  /** Called once, never while it is written to: all of it has gone out, or the client is gone. */
  answerClosed(isWhole: boolean): void;
  /** Our own code threw while it was at work for this answer. Does not throw. */
  failed(error: unknown): void;
}

/** Pieces up to this go out as text, which Node writes without further memory. */
const TEXT_BYTES = 8 * 1024;
const NO_LINES: readonly string[] = [];
/** What every head begins with. */
const VERSION = 'HTTP/1.1 ';
/** Zeros before the size of a chunk, which count for nothing (RFC 9112, 7.1): few enough for any reader. */
const MOST_ZEROS = 8;
/** The lines before chunks of the usual sizes: a number in hexadecimal is dear, and a stream of tokens wants one for each. */
const sizeLines: (string | undefined)[] = new Array(1024);

export class Answer {
  /** 0: no head yet. */
  status = 0;
  /** Another request may follow on this connection. */
  keepsAlive: boolean;
  watcher: AnswerWatcher | undefined;
  readonly #carrier: AnswerCarrier;
  readonly #request: IncomingRequest;
  /** Written with what comes next. */
  #head = '';
  #framing: Framing = 'none';
  /** Bytes that have gone out before what they begin was known. */
  #ahead = 0;
  #isEnded = false;
  #isClosed = false;
  #drained: (() => void) | undefined;

  constructor(request: IncomingRequest, carrier: AnswerCarrier) {
    this.#request = request;
    this.#carrier = carrier;
    this.keepsAlive = request.isKeptAlive;
  }

  get hasHead(): boolean {
    return this.status !== 0;
  }

  /** Some of it may have gone out. */
  get hasBegun(): boolean {
    return this.hasHead || this.#ahead > 0;
  }

  /** Sends a byte that whatever comes next begins with, if there is one. */
  sendAhead(): void {
    const isHeadAwaited = !this.hasHead && this.#ahead < VERSION.length;
    const isChunkAwaited = this.#framing === 'chunked' && this.#head === '' && this.#ahead < MOST_ZEROS;
    if (this.#isEnded || !(isHeadAwaited || isChunkAwaited)) return;
    this.#carrier.write(isHeadAwaited ? VERSION[this.#ahead]! : '0');
    this.#ahead++;
  }

  /** Nothing can be added. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** An interim response (RFC 9110, 15.2), which HTTP/1.0 does not know. False: no more until `onceDrained`. */
  inform(status: number, reason: string, lines: readonly string[]): boolean {
    if (this.hasHead || this.#request.httpVersionMinor === 0) return true;
    return this.#carrier.write(this.#behindAhead(`${VERSION}${status} ${reason}\r\n${fieldLines(lines)}\r\n`));
  }

  /** Without a Content-Length among the lines the body is chunked, or ends with the connection of an HTTP/1.0 client. */
  writeHead(status: number, reason: string, lines: readonly string[]): void {
    // Behind its end it would be in the middle of another answer, as in `write`.
    if (this.#isEnded) return;
    if (this.hasHead) throw new Error('it has a head already');
    const { method, httpVersionMinor } = this.#request;
    const isBodiless = method === 'HEAD' || status === 204 || status === 304;
    const facts = { status, reason, lines, isBodiless, isModern: httpVersionMinor === 1, keepsAlive: this.keepsAlive };
    const head = this.#carrier.heads.write(facts);
    this.status = status;
    this.keepsAlive = head.keepsAlive;
    this.#framing = head.framing;
    this.#head = head.text;
  }

  /** Sends the head now, before there is any body. */
  flushHead(): void {
    if (this.#head !== '') this.#carrier.write(this.#takeHead());
  }

  /** A piece of the body. False: no more until `onceDrained`. */
  write(bytes: Buffer): boolean {
    // Behind its end would be in the middle of another answer.
    if (bytes.length === 0 || this.#framing === 'none' || this.#isEnded) return true;
    const isChunked = this.#framing === 'chunked';
    const before = this.#takeHead() + (isChunked ? sizeLine(bytes.length) : '');
    const after = isChunked ? '\r\n' : '';
    if (bytes.length > TEXT_BYTES) return this.#carrier.write(joined(before, bytes, after));
    return this.#carrier.write(before + bytes.toString('latin1') + after);
  }

  /** The end, with the last piece of the body where there is one. */
  end(bytes?: Buffer, trailers: readonly string[] = NO_LINES): void {
    if (this.#isEnded) return;
    if (bytes !== undefined) this.write(bytes);
    this.#isEnded = true;
    if (this.#framing === 'chunked') this.#carrier.write(`${this.#takeHead()}0\r\n${fieldLines(trailers)}\r\n`);
    else this.flushHead();
    this.#carrier.answered();
  }

  /** Called once, when the client has read on, or is gone. */
  onceDrained(call: () => void): void {
    if (this.#isClosed) call();
    else this.#drained = call;
  }

  /** Ends the connection abnormally: what was sent so far is not the whole answer. */
  breakOff(): void {
    if (!this.#isClosed) this.#carrier.destroy();
  }

  /** The same, when the client has read what was written. */
  breakOffWhenRead(): void {
    if (!this.#isClosed) this.#carrier.endBehindWords();
  }

  /** For the connection. */
  drained(): void {
    const call = this.#drained;
    this.#drained = undefined;
    call?.();
  }

  /** For the connection. */
  closed(isWhole: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.watcher?.answerClosed(isWhole);
    this.drained();
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = '';
    return this.#ahead === 0 ? head : this.#behindAhead(head);
  }

  /** What of a head has not gone out yet; of a chunk nothing has but zeros. */
  #behindAhead(head: string): string {
    const rest = head.slice(this.#ahead);
    this.#ahead = 0;
    return rest;
  }
}

function sizeLine(length: number): string {
  if (length >= sizeLines.length) return `${length.toString(16)}\r\n`;
  sizeLines[length] ??= `${length.toString(16)}\r\n`;
  return sizeLines[length];
}

function fieldLines(lines: readonly string[]): string {
  let text = '';
  for (let i = 0; i < lines.length; i += 2) text += `${lines[i]}: ${lines[i + 1]}\r\n`;
  return text;
}

function joined(before: string, bytes: Buffer, after: string): Buffer {
  const all = Buffer.allocUnsafe(before.length + bytes.length + after.length);
  all.write(before, 0, 'latin1');
  bytes.copy(all, before.length);
  all.write(after, before.length + bytes.length, 'latin1');
  return all;
}
