// A client's socket read by Node's parser, the parser taking the bytes from the socket's handle itself (`consume`), as node:http has
// it. Knows, beside the parser, that a socket has `_handle` with `reading`, `readStart`, `readStop`, `bytesWritten` and `writeQueueSize`.
import type { Socket } from 'node:net';
import { guarded } from '../../../runtime/boundary.ts';
import type { ConnectionLimits } from '../limits.ts';
import { type HeadersComplete, type NodeParser, type Parser, type ParserFault, unfit } from './node-parser.ts';

/** Told what is read, while the parser is at work: takes note, and does nothing else before `packetRead` or `switched`. */
export interface ReaderSink {
  /** The first byte of a head. */
  begun(): void;
  /** True: what follows on this connection is another protocol. */
  head(head: ParsedHead): boolean;
  body(bytes: Buffer): void;
  ended(trailers: readonly string[]): void;
  /** The parser rests: all of one packet has been told. `fault`: it is not HTTP, and nothing more will be told. `bytes`: its length. */
  packetRead(fault: ParserFault | undefined, bytes: number): void;
  /** The parser rests for good, behind the head of what was taken for another protocol; `rest` came behind it. */
  switched(rest: Buffer): void;
  /** One of these has thrown. Does not throw. */
  failed(error: unknown): void;
}

export interface ParsedHead {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn, in order and case received, one character a byte. */
  readonly rawHeaders: readonly string[];
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly wantsUpgrade: boolean;
  /** The client may send another request on this connection. */
  readonly isKeptAlive: boolean;
}

type SocketWithin = Socket & {
  readonly _handle?: {
    reading: boolean;
    readStart(): number;
    readStop(): number;
    /** Handed to the system, or waiting to be. */
    readonly bytesWritten: number;
    /** Of these, those that wait. */
    readonly writeQueueSize: number;
  } | null;
};

const NO_LINES: readonly string[] = [];
/** To the parser: leave the rest alone. */
const SWITCHED = 2;

export class SocketReader {
  readonly #socket: SocketWithin;
  readonly #sink: ReaderSink;
  readonly #parser: Parser;
  readonly #methods: readonly string[];
  readonly #mostTexts: number;
  /** Names and values of a head, or of trailers, that comes in parts; one more than there may be where there are too many. */
  #lines: string[] = [];
  #isDeaf = false;
  #url = '';
  #wantsUpgrade = false;
  #isSwitched = false;
  /** Behind an upgrade the parser leaves the rest of the packet alone, whether or not it was taken up. */
  #leavesRest = false;
  #isReleased = false;

  /** From now on the socket's own listeners hear of its end only. */
  constructor(
    socket: SocketWithin,
    from: NodeParser,
    { maxHeaderBytes, maxHeaders }: Pick<ConnectionLimits, 'maxHeaderBytes' | 'maxHeaders'>,
    sink: ReaderSink,
  ) {
    const handle = socket._handle;
    if (typeof handle?.readStart !== 'function' || typeof handle.readStop !== 'function') throw unfit('Socket._handle');
    this.#socket = socket;
    this.#sink = sink;
    this.#methods = from.methods;
    this.#mostTexts = 2 * maxHeaders + 2;
    const { slots } = from;
    const parser = from.create(maxHeaderBytes, this);
    // What these throw would be nobody's: the parser calls them from outside of all our code.
    const failed = (error: unknown): void => sink.failed(error);
    parser[slots.kOnMessageBegin] = guarded(() => sink.begun(), failed);
    parser[slots.kOnHeaders] = guarded((lines: readonly string[], url: string) => this.#part(lines, url), failed);
    parser[slots.kOnHeadersComplete] = (...head: HeadersComplete) => this.#head(...head);
    parser[slots.kOnBody] = guarded((bytes: Buffer) => sink.body(bytes), failed);
    parser[slots.kOnMessageComplete] = guarded(() => this.#ended(), failed);
    parser[slots.kOnExecute] = guarded((outcome: number | ParserFault) => this.#packetRead(outcome), failed);
    parser.consume(handle);
    this.#parser = parser;
  }

  /** Names and values that are kept of a head that is not complete. */
  get texts(): number {
    return this.#lines.length;
  }

  /** Bytes that the system has taken off our hands, of all that was written; they are the client's when it reads. */
  get sentBytes(): number {
    const handle = this.#socket._handle;
    return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
  }

  /** What has come of a head is forgotten, and nothing is kept any more. */
  forget(): void {
    this.#isDeaf = true;
    this.#lines = [];
    this.#url = '';
  }

  /** What comes stays in the kernel, until its sender waits. That it has left is not noticed meanwhile. */
  stop(): void {
    const handle = this.#socket._handle;
    if (!handle?.reading) return;
    handle.reading = false;
    handle.readStop();
  }

  go(): void {
    const handle = this.#socket._handle;
    if (!handle || handle.reading) return;
    handle.reading = true;
    handle.readStart();
  }

  /** Nothing more comes: a fault where that is in the middle of a request. */
  finish(): ParserFault | undefined {
    return this.#isReleased ? undefined : this.#parser.finish();
  }

  /** What the socket reads is its listeners' again, if it is still there. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#parser.unconsume();
    setImmediate(close, this.#parser);
  }

  #part(lines: readonly string[], url: string): void {
    if (this.#isDeaf) return;
    for (const line of lines) if (this.#lines.length < this.#mostTexts) this.#lines.push(line);
    this.#url += url;
  }

  #head(...[httpVersionMajor, httpVersionMinor, lines, number, whole, , , wantsUpgrade, isKeptAlive]: HeadersComplete) {
    const rawHeaders = lines ?? this.#takeLines();
    const url = whole ?? this.#url;
    const method = this.#methods[number] ?? '';
    this.#url = '';
    this.#wantsUpgrade = wantsUpgrade;
    const head = { method, url, rawHeaders, httpVersionMajor, httpVersionMinor, wantsUpgrade, isKeptAlive };
    try {
      this.#isSwitched = this.#sink.head(head);
    } catch (error) {
      this.#sink.failed(error);
    }
    return this.#isSwitched ? SWITCHED : 0;
  }

  #ended(): void {
    this.#leavesRest = this.#wantsUpgrade;
    this.#url = '';
    this.#sink.ended(this.#takeLines());
  }

  #takeLines(): readonly string[] {
    if (this.#lines.length === 0) return NO_LINES;
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  #packetRead(outcome: number | ParserFault): void {
    const read = this.#leavesRest && typeof outcome === 'number' ? this.#readRest(outcome) : outcome;
    if (this.#isSwitched) return;
    if (typeof read !== 'number') this.#sink.packetRead(read, 0);
    else this.#sink.packetRead(this.#lines.length < this.#mostTexts ? undefined : tooManyLines(), read);
  }

  /** Of the packet's bytes that many are read. */
  #readRest(read: number): number | ParserFault {
    let rest = this.#parser.getCurrentBuffer().subarray(read);
    while (this.#leavesRest) {
      this.#leavesRest = false;
      if (this.#isSwitched) this.#sink.switched(rest);
      // Without bytes the parser would take it for the end of the connection.
      if (this.#isSwitched || rest.length === 0) break;
      const outcome = this.#parser.execute(rest);
      if (typeof outcome !== 'number') return outcome;
      rest = rest.subarray(outcome);
    }
    return read;
  }
}

function tooManyLines(): ParserFault {
  return Object.assign(new Error('too many header lines'), { code: 'HPE_HEADER_OVERFLOW' });
}

function close(parser: Parser): void {
  parser.close();
}
