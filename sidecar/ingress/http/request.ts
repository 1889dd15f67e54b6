// One request as it comes in on a client's connection: its head, and its body as far as it is here. The body is handed on only
// as fast as it is taken; what is not taken counts for its connection, which reads no further beyond a limit.
import type { IncomingHttpHeaders } from 'node:http';
import { tokenList } from '../../../runtime/fields/list.ts';
import type { ParsedHead } from './socket-reader.ts';

/** Where a body goes. */
export interface BodyReader {
  chunk(bytes: Buffer): void;
  end(): void;
  /** It has stopped in the middle for longer than it may; said again for as long as that lasts. */
  silent(): void;
}

/** Who waits until all of a small body is here, without taking any of it. */
export interface BodyAwaiter {
  bodyComplete(): void;
  bodySilent(): void;
}

/** The connection it comes on. */
export interface RequestCarrier {
  /** A body below this is read as a whole whether or not it is taken. */
  readonly bodyAheadBytes: number;
  readonly remoteAddress: string;
  /** More of the body is waited for. */
  wanted(): void;
  /** So many bytes of the body are not kept any more. */
  taken(bytes: number): void;
}

const NO_LINES: readonly string[] = [];

export class IncomingRequest {
  readonly method: string;
  /** As the client sent it. */
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  /** The client will send another request on this connection. */
  readonly isKeptAlive: boolean;
  /** Bytes that the head takes in memory. */
  readonly headBytes: number;
  /** All of it has come. */
  isComplete = false;
  rawTrailers = NO_LINES;
  readonly #carrier: RequestCarrier;
  #headers: IncomingHttpHeaders | undefined;
  #reader: BodyReader | undefined;
  #awaiter: BodyAwaiter | undefined;
  /** Of the body, so far. */
  receivedBytes = 0;
  /** It holds a slot while its body comes: it must come at a least pace. */
  isPaced = false;
  #chunks: Buffer[] = [];
  #isPaused = false;
  /** Nobody wants the body any more. */
  isDropped = false;

  constructor(head: ParsedHead, carrier: RequestCarrier, headBytes: number) {
    this.method = head.method;
    this.url = head.url;
    this.rawHeaders = head.rawHeaders;
    this.httpVersionMajor = head.httpVersionMajor;
    this.httpVersionMinor = head.httpVersionMinor;
    this.isKeptAlive = head.isKeptAlive;
    this.#carrier = carrier;
    this.headBytes = headBytes;
  }

  get remoteAddress(): string {
    return this.#carrier.remoteAddress;
  }

  /** Values by lower-case name, joined where there are several. */
  get headers(): IncomingHttpHeaders {
    this.#headers ??= headersOf(this.rawHeaders);
    return this.#headers;
  }

  /** The client waits with its body until it is told to go on, or refused for what else it expects. */
  get expectsContinue(): boolean {
    const { expect } = this.headers;
    return this.httpVersionMinor === 1 && expect !== undefined && tokenList(expect).includes('100-continue');
  }

  get hasBody(): boolean {
    const { 'content-length': length, 'transfer-encoding': coding } = this.headers;
    return coding !== undefined || (length !== undefined && Number(length) > 0);
  }

  /** Something of the body is waited for: if nothing comes it is the client's fault. */
  get isAwaited(): boolean {
    return (
      !this.isComplete &&
      (this.isDropped || this.#awaiter !== undefined || (this.#reader !== undefined && !this.#isPaused))
    );
  }

  /** The body in one piece, null where it is empty; all of it has to be here, and nothing of it taken. */
  takeBody(): Buffer | null {
    const chunks = this.#chunks;
    if (chunks.length === 0) return null;
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    this.#chunks = [];
    this.#carrier.taken(bytes.length);
    return bytes;
  }

  /** Small, and not all of it is here: it need not be streamed. */
  get isSmallAndComing(): boolean {
    return !this.isComplete && Number(this.headers['content-length']) < this.#carrier.bodyAheadBytes;
  }

  /** Until all of it is here, its silence counts against the client. */
  awaitBody(awaiter: BodyAwaiter): void {
    this.#awaiter = awaiter;
    this.#carrier.wanted();
  }

  /** Hands it on, what is here at once and the rest as it comes, until it is paused or dropped. */
  readBody(reader: BodyReader): void {
    this.#reader = reader;
    this.#carrier.wanted();
    this.#handOn();
  }

  pauseBody(): void {
    this.#isPaused = true;
  }

  resumeBody(): void {
    this.#isPaused = false;
    this.#carrier.wanted();
    this.#handOn();
  }

  /** Nobody wants it: what comes is read and forgotten, since the next request begins behind it. */
  dropBody(): void {
    this.isDropped = true;
    this.#reader = undefined;
    this.#awaiter = undefined;
    for (const { length } of this.#chunks.splice(0)) this.#carrier.taken(length);
  }

  /** For the connection: kept until `packetRead`. */
  keep(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    this.#chunks.push(bytes);
  }

  /** For the connection. */
  complete(trailers: readonly string[]): void {
    this.isComplete = true;
    this.rawTrailers = trailers;
  }

  /** For the connection: the packet has been read to its end. */
  packetRead(): void {
    if (this.#reader !== undefined) this.#handOn();
    if (!this.isComplete) return;
    const awaiter = this.#awaiter;
    this.#awaiter = undefined;
    awaiter?.bodyComplete();
  }

  silent(): void {
    this.#awaiter?.bodySilent();
    this.#reader?.silent();
  }

  #handOn(): void {
    while (this.#reader !== undefined && !this.#isPaused && this.#chunks.length > 0) {
      const chunk = this.#chunks.shift()!;
      this.#carrier.taken(chunk.length);
      this.#reader.chunk(chunk);
    }
    if (!this.isComplete || this.#isPaused || this.#chunks.length > 0) return;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.end();
  }
}

/** Of these, a second line is not looked at; of others, values are joined. */
const FIRST_COUNTS: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  'host',
  'proxy-authorization',
  'user-agent',
]);

function headersOf(raw: readonly string[]): IncomingHttpHeaders {
  const headers: Record<string, string> = Object.create(null);
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const before = headers[name];
    if (before === undefined) headers[name] = raw[i + 1]!;
    else if (!FIRST_COUNTS.has(name)) headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${raw[i + 1]}`;
  }
  return headers;
}
