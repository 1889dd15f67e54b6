// What comes from one client: requests, read ahead a little while an earlier one is being answered, each with its body as far as it
// is here. Reads no further than is of use: who waits in line costs little, and in the end its client waits too.
import type { Socket } from 'node:net';
import type { MemoryBudget } from '../../memory-budget.ts';
import { NO_MEMORY } from '../broken.ts';
import type { ConnectionLimits } from '../limits.ts';
import { isWebSocket } from '../upgrade.ts';
import type { NodeParser, ParserFault } from './node-parser.ts';
import { IncomingRequest, type RequestCarrier } from './request.ts';
import { type ParsedHead, type ReaderSink, SocketReader } from './socket-reader.ts';
import { headBytes, unfinishedHeadBytes } from './weight.ts';

/** Who takes the requests. */
export interface IntakeOwner {
  readonly remoteAddress: string;
  packetRead(): void;
  /** What follows is another protocol, or CONNECT. */
  switched(request: IncomingRequest, rest: Buffer): void;
  failed(error: unknown): void;
}

/** So many requests may be read ahead, or heads of so many bytes in memory. */
const MOST_AHEAD = 16;
const MOST_AHEAD_BYTES = 64 * 1024;
/** Held in the whole process, above which bodies are read ahead no further than they must be. */
const MOST_PLENTY_BYTES = 64 * 1024 * 1024;

export class Intake implements ReaderSink, RequestCarrier {
  readonly #owner: IntakeOwner;
  readonly #reader: SocketReader;
  readonly #limits: ConnectionLimits;
  readonly #memory: MemoryBudget;
  /** Not taken yet. */
  readonly #ahead: IncomingRequest[] = [];
  /** Bytes of bodies that nobody has taken yet. */
  #aheadBytes = 0;
  /** Taken from the budget for heads that are not answered yet, and for the one that is coming. */
  #headsBytes = 0;
  #unfinishedBytes = 0;
  /** Of the head that is coming, as it came. */
  #headReadBytes = 0;
  #isClosed = false;
  /** Taken, and being answered. */
  current: IncomingRequest | undefined;
  /** Its body still comes. It may have been answered already. */
  coming: IncomingRequest | undefined;
  /** A head has begun, or is waited for on a new connection. */
  isInHead = true;
  /** Something of use came since this was last reset; more of a head is none. */
  hasMoved = true;
  /** Nothing is read any more. */
  fault: ParserFault | undefined;

  constructor(socket: Socket, parser: NodeParser, limits: ConnectionLimits, memory: MemoryBudget, owner: IntakeOwner) {
    this.#owner = owner;
    this.#limits = limits;
    this.#memory = memory;
    this.#reader = new SocketReader(socket, parser, limits, this);
  }

  get bodyAheadBytes(): number {
    return this.#limits.bodyAheadBytes;
  }

  get remoteAddress(): string {
    return this.#owner.remoteAddress;
  }

  /** Taken from the budget for a head that is not complete. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /** See `SocketReader.sentBytes`. */
  get sentBytes(): number {
    return this.#reader.sentBytes;
  }

  /** Between two requests, nothing of a next one here. */
  get isIdle(): boolean {
    const hasNone = this.current === undefined && this.coming === undefined && this.#ahead.length === 0;
    return hasNone && !this.isInHead && this.fault === undefined;
  }

  /** The next request, which is the current one then; undefined: none is here that could ever be whole. */
  next(): IncomingRequest | undefined {
    const request = this.#ahead[0];
    if (request === undefined || (this.fault !== undefined && request === this.coming)) return undefined;
    this.#ahead.shift();
    this.current = request;
    this.#regulate();
    return request;
  }

  /** The current one is answered; what still comes of it is dropped. */
  answered(): void {
    if (this.current !== undefined) {
      this.current.dropBody();
      this.#giveHeads(this.current.headBytes);
    }
    this.current = undefined;
    this.hasMoved = true;
  }

  /** No more requests: what still comes is read and dropped, since a client that cannot send on may not read either. */
  close(): void {
    this.#isClosed = true;
    for (const request of this.#ahead) {
      request.dropBody();
      this.#giveHeads(request.headBytes);
    }
    this.#ahead.length = 0;
    this.#forgetUnfinished();
    this.#reader.forget();
    this.current?.dropBody();
    this.coming?.dropBody();
    this.coming = undefined;
    this.#reader.go();
  }

  /** The client sends nothing more: a fault where that is in the middle of a request. */
  finish(): ParserFault | undefined {
    this.fault ??= this.#reader.finish();
    return this.fault;
  }

  /** What the socket reads is its listeners' again. */
  release(): void {
    this.#reader.release();
  }

  /** The connection is gone, and with it all that was kept for it. */
  gone(): void {
    this.release();
    this.#memory.giveHeap(this.#headsBytes);
    this.#headsBytes = 0;
  }

  begun(): void {
    if (this.#isDeaf) return;
    this.#headReadBytes = 0;
    this.isInHead = true;
    this.hasMoved = true;
  }

  head(head: ParsedHead): boolean {
    if (this.#isDeaf) return false;
    this.isInHead = false;
    this.hasMoved = true;
    this.#forgetUnfinished();
    const bytes = headBytes(head.url, head.rawHeaders);
    if (!this.#takeHeads(bytes)) return false;
    const request = new IncomingRequest(head, this, bytes);
    // Behind others that wait for their answers an upgrade is ignored.
    const isAlone = this.current === undefined && this.#ahead.length === 0;
    this.coming = request;
    this.#ahead.push(request);
    return head.method === 'CONNECT' || (isAlone && head.wantsUpgrade && isWebSocket(request));
  }

  body(bytes: Buffer): void {
    if (this.coming === undefined || this.fault !== undefined) return;
    this.hasMoved = true;
    if (this.coming.isDropped) return;
    if (!this.#memory.take(bytes.length)) {
      this.#refuse();
      return;
    }
    this.#aheadBytes += bytes.length;
    this.coming.keep(bytes);
  }

  ended(trailers: readonly string[]): void {
    this.coming?.complete(trailers);
    this.coming = undefined;
  }

  packetRead(fault: ParserFault | undefined, bytes: number): void {
    this.fault ??= fault;
    if (this.isInHead && !this.#isDeaf) this.#countUnfinished(bytes);
    this.current?.packetRead();
    if (!this.#isClosed) this.#owner.packetRead();
    this.#regulate();
  }

  switched(rest: Buffer): void {
    const request = this.#ahead.pop();
    if (request === undefined) return;
    this.current = request;
    this.#reader.release();
    this.#owner.switched(request, rest);
  }

  failed(error: unknown): void {
    this.#owner.failed(error);
  }

  wanted(): void {
    this.hasMoved = true;
  }

  taken(bytes: number): void {
    this.#aheadBytes -= bytes;
    this.#memory.give(bytes);
    this.hasMoved = true;
    this.#regulate();
  }

  /** Nothing that comes is kept. */
  get #isDeaf(): boolean {
    return this.#isClosed || this.fault !== undefined;
  }

  /** An upper bound: the packet may have held more than the head that is coming. */
  #countUnfinished(packetBytes: number): void {
    this.#headReadBytes = Math.min(this.#headReadBytes + packetBytes, this.#limits.maxHeaderBytes);
    const bytes = unfinishedHeadBytes(this.#headReadBytes, this.#reader.texts) - this.#unfinishedBytes;
    if (bytes > 0 && this.#takeHeads(bytes)) this.#unfinishedBytes += bytes;
  }

  #forgetUnfinished(): void {
    this.#giveHeads(this.#unfinishedBytes);
    this.#unfinishedBytes = 0;
  }

  #takeHeads(bytes: number): boolean {
    if (!this.#memory.takeHeap(bytes)) {
      this.#refuse();
      return false;
    }
    this.#headsBytes += bytes;
    return true;
  }

  #giveHeads(bytes: number): void {
    if (bytes === 0) return;
    this.#headsBytes -= bytes;
    this.#memory.giveHeap(bytes);
  }

  /** There is no memory for what comes: who is before it is answered, and then the connection ends with 503. */
  #refuse(): void {
    this.#memory.refusals++;
    this.fault ??= overloaded();
  }

  /** There may be more memory now, or less. */
  look(): void {
    this.#regulate();
  }

  #regulate(): void {
    if (this.#isClosed) return;
    const isAhead =
      this.#ahead.length >= MOST_AHEAD || (this.#ahead.length > 0 && this.#headsBytes >= MOST_AHEAD_BYTES);
    if (isAhead || this.#aheadBytes >= this.#mostAheadBytes) this.#reader.stop();
    else this.#reader.go();
  }

  /** A client that waits is read further where that takes no memory from others: only who is read is seen to leave. */
  get #mostAheadBytes(): number {
    const { usedBytes, limits } = this.#memory;
    const isPlenty = usedBytes < Math.min(limits.totalBytes / 4, MOST_PLENTY_BYTES);
    return isPlenty ? this.#limits.plentyAheadBytes : this.#limits.bodyAheadBytes;
  }
}

/** What a connection ends with for want of memory. */
export function overloaded(): ParserFault {
  return Object.assign(new Error('there is no memory for the request'), { code: NO_MEMORY });
}
