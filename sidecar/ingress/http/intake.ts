// What comes from one client: requests, read ahead a little while an earlier one is being answered, each with its body as far as it
// is here. Reads no further than is of use: who waits in line costs little, and in the end its client waits too.
import type { Socket } from 'node:net';
import type { ConnectionLimits } from '../limits.ts';
import { isWebSocket } from '../upgrade.ts';
import type { NodeParser, ParserFault } from './node-parser.ts';
import { IncomingRequest, type RequestCarrier } from './request.ts';
import { type ParsedHead, type ReaderSink, SocketReader } from './socket-reader.ts';

/** Who takes the requests. */
export interface IntakeOwner {
  readonly remoteAddress: string;
  packetRead(): void;
  /** What follows is another protocol, or CONNECT. */
  switched(request: IncomingRequest, rest: Buffer): void;
}

/** So many requests may be read ahead. */
const MOST_AHEAD = 16;

export class Intake implements ReaderSink, RequestCarrier {
  readonly #owner: IntakeOwner;
  readonly #reader: SocketReader;
  readonly #bodyAheadBytes: number;
  /** Not taken yet. */
  readonly #ahead: IncomingRequest[] = [];
  /** Bytes of bodies that nobody has taken yet. */
  #aheadBytes = 0;
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

  constructor(socket: Socket, parser: NodeParser, limits: ConnectionLimits, owner: IntakeOwner) {
    this.#owner = owner;
    this.#bodyAheadBytes = limits.bodyAheadBytes;
    this.#reader = new SocketReader(socket, parser, limits.maxHeaderBytes, this);
  }

  get remoteAddress(): string {
    return this.#owner.remoteAddress;
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
    this.current?.dropBody();
    this.current = undefined;
    this.hasMoved = true;
  }

  /** No more requests: what still comes is read and dropped, since a client that cannot send on may not read either. */
  close(): void {
    this.#isClosed = true;
    this.#ahead.length = 0;
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

  begun(): void {
    if (this.#isClosed) return;
    this.isInHead = true;
    this.hasMoved = true;
  }

  head(head: ParsedHead): boolean {
    if (this.#isClosed) return false;
    this.isInHead = false;
    this.hasMoved = true;
    const request = new IncomingRequest(head, this);
    // Behind others that wait for their answers an upgrade is ignored.
    const isAlone = this.current === undefined && this.#ahead.length === 0;
    this.coming = request;
    this.#ahead.push(request);
    return head.method === 'CONNECT' || (isAlone && head.wantsUpgrade && isWebSocket(request));
  }

  body(bytes: Buffer): void {
    if (this.coming === undefined) return;
    this.hasMoved = true;
    if (this.coming.keep(bytes)) this.#aheadBytes += bytes.length;
  }

  ended(trailers: readonly string[]): void {
    this.coming?.complete(trailers);
    this.coming = undefined;
  }

  packetRead(fault: ParserFault | undefined): void {
    this.fault ??= fault;
    this.current?.packetRead();
    if (!this.#isClosed) this.#owner.packetRead();
    this.#regulate();
  }

  switched(rest: Buffer): void {
    const request = this.#ahead.pop();
    if (request === undefined) return;
    this.current = request;
    this.release();
    this.#owner.switched(request, rest);
  }

  wanted(): void {
    this.hasMoved = true;
  }

  taken(bytes: number): void {
    this.#aheadBytes -= bytes;
    this.hasMoved = true;
    this.#regulate();
  }

  #regulate(): void {
    if (this.#isClosed) return;
    if (this.#ahead.length >= MOST_AHEAD || this.#aheadBytes >= this.#bodyAheadBytes) this.#reader.stop();
    else this.#reader.go();
  }
}
