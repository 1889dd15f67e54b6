// One client's connection: requests are read ahead a little and answered one after the other, in the order they came. It is
// read from only as far as that is of use; what its client does, leave or fall silent, is told to who is at work for it.
//   head -> (waits for its turn) -> handed to the pipeline -> answered, body read to its end -> next head ... -> gone
import type { Socket } from 'node:net';
import type { ConnectionLimits } from '../limits.ts';
import { isWebSocket } from '../upgrade.ts';
import { Answer, type AnswerCarrier } from './answer.ts';
import type { AnswerHeads } from './answer-head.ts';
import type { NodeParser, ParsedHead, ParserFault, ParserSink, SocketReader } from './node-parser.ts';
import { IncomingRequest, type RequestCarrier } from './request.ts';

/** What all connections share. */
export interface ConnectionWays {
  readonly parser: NodeParser;
  readonly heads: AnswerHeads;
  readonly limits: ConnectionLimits;
  request(request: IncomingRequest, response: Answer): void;
  /** The socket is the handler's now, but for what the response writes. */
  upgrade(request: IncomingRequest, response: Answer, socket: Socket, rest: Buffer): void;
  /** What to say to bytes that are not HTTP, or did not come in time. */
  broken(error: NodeJS.ErrnoException, client: string): string;
  gone(connection: ClientConnection): void;
}

/** So many requests may be read ahead; then the client waits. */
const MOST_AHEAD = 16;
/** Time for a client that still sends to read the last answer it gets. */
const LAST_WORD_MS = 2_000;

export class ClientConnection implements ParserSink, RequestCarrier, AnswerCarrier {
  readonly heads: AnswerHeads;
  readonly #socket: Socket;
  readonly #ways: ConnectionWays;
  readonly #reader: SocketReader;
  #remoteAddress: string | undefined;
  /** Heads that have come while an earlier request is being answered. */
  readonly #ahead: IncomingRequest[] = [];
  /** Bytes of bodies that nobody has taken yet. */
  #aheadBytes = 0;
  /** Its body still comes. */
  #coming: IncomingRequest | undefined;
  #request: IncomingRequest | undefined;
  /** Of the request that is being answered. */
  #response: Answer | undefined;
  #fault: NodeJS.ErrnoException | undefined;
  #isInHead = true;
  #isUpgraded = false;
  /** No more requests are taken. */
  #isLast = false;
  /** Our side has ended: the client may read what it was told, and no longer. */
  #lingers = false;
  /** Something began or went on since it was last looked at. */
  #isFresh = true;
  #sinceMs = 0;

  constructor(socket: Socket, ways: ConnectionWays) {
    this.#socket = socket;
    this.#ways = ways;
    this.heads = ways.heads;
    socket
      .on('end', () => this.#ended())
      // What it means is said by `close`.
      .on('error', () => undefined)
      .on('drain', () => this.#response?.drained())
      .on('close', () => this.#closed());
    this.#reader = ways.parser.read(socket, ways.limits.maxHeaderBytes, this);
  }

  /** An IPv4 client of a dual-stack socket in its own form. */
  get remoteAddress(): string {
    if (this.#remoteAddress === undefined) {
      const { remoteAddress = '' } = this.#socket;
      this.#remoteAddress = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
    }
    return this.#remoteAddress;
  }

  /** Kept open by the client for later. */
  get isIdle(): boolean {
    return this.#request === undefined && this.#coming === undefined && !this.#isInHead && !this.#isLast;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  begun(): void {
    this.#isInHead = true;
    this.#isFresh = true;
  }

  head(head: ParsedHead): boolean {
    this.#isInHead = false;
    this.#isFresh = true;
    if (this.#isLast) return false;
    const request = new IncomingRequest(head, this);
    // Behind others that wait for their answers an upgrade is ignored.
    const isAlone = this.#request === undefined && this.#ahead.length === 0;
    this.#coming = request;
    this.#ahead.push(request);
    return head.method === 'CONNECT' || (isAlone && head.wantsUpgrade && isWebSocket(request));
  }

  body(bytes: Buffer): void {
    this.#isFresh = true;
    if (this.#coming?.keep(bytes)) this.#aheadBytes += bytes.length;
  }

  ended(trailers: readonly string[]): void {
    const request = this.#coming;
    this.#coming = undefined;
    if (request === undefined) return;
    request.isComplete = true;
    request.rawTrailers = trailers;
  }

  packetRead(fault: ParserFault | undefined): void {
    if (this.#isLast) return;
    this.#fault ??= fault;
    const request = this.#request;
    if (request !== undefined) {
      if (fault !== undefined && request === this.#coming) this.#break(fault);
      else request.packetRead();
    }
    this.#next();
  }

  switched(rest: Buffer): void {
    const request = this.#ahead.pop();
    // A proxy to anywhere is no business of ours.
    if (request === undefined || request.method === 'CONNECT') {
      this.destroy();
      return;
    }
    this.#isUpgraded = true;
    this.#reader.release();
    const response = this.#begin(request);
    response.keepsAlive = false;
    this.#ways.upgrade(request, response, this.#socket, rest);
  }

  taken(bytes: number): void {
    this.#aheadBytes -= bytes;
    this.#isFresh = true;
    this.#regulate();
  }

  write(data: string | Buffer): boolean {
    return !this.#socket.writable || this.#socket.write(data, 'latin1');
  }

  answered(): void {
    if (this.#response === undefined) return;
    if (this.#socket.writableLength === 0) process.nextTick(finish, this);
    else this.#socket.write('', this.#flushed);
  }

  endUnanswered(): void {
    this.#endWith(undefined);
  }

  /** The answer is complete and gone out. */
  finish(): void {
    const request = this.#request;
    const response = this.#response;
    if (request === undefined || response === undefined) return;
    this.#request = undefined;
    this.#response = undefined;
    this.#isFresh = true;
    this.#isLast ||= !response.keepsAlive;
    response.closed(true);
    request.dropBody();
    if (!this.#isLast) this.#next();
    else if (request.isComplete) this.#socket.destroySoon();
    else this.#endWith(undefined);
  }

  /** Looked at from time to time: no times are kept for each request. */
  look(nowMs: number): void {
    if (this.#isUpgraded) return;
    if (this.#isFresh) {
      this.#isFresh = false;
      this.#sinceMs = nowMs;
      return;
    }
    const { headersTimeoutMs, bodySilenceMs, keepAliveMs } = this.#ways.limits;
    const silentMs = nowMs - this.#sinceMs;
    const request = this.#request ?? this.#coming;
    if (this.#lingers) {
      if (silentMs >= LAST_WORD_MS) this.destroy();
    } else if (request !== undefined) {
      if (!request.isAwaited || silentMs < bodySilenceMs) return;
      if (request === this.#request) request.silent();
      else this.destroy();
    } else if (this.#isInHead) {
      if (silentMs >= headersTimeoutMs) this.#break(timeout());
    } else if (silentMs >= keepAliveMs) {
      this.destroy();
    }
  }

  /** The next request's turn, once the one before is answered and has come to its end. */
  #next(): void {
    if (this.#request === undefined && !this.#isLast) {
      const request = this.#ahead[0];
      if (this.#fault !== undefined && (request === undefined || request === this.#coming)) {
        this.#break(this.#fault);
      } else if (request !== undefined) {
        this.#ahead.shift();
        this.#ways.request(request, this.#begin(request));
      }
    }
    this.#regulate();
  }

  #begin(request: IncomingRequest): Answer {
    const response = new Answer(request, this);
    this.#request = request;
    this.#response = response;
    return response;
  }

  #regulate(): void {
    if (this.#isUpgraded) return;
    if (this.#ahead.length >= MOST_AHEAD || this.#aheadBytes >= this.#ways.limits.bodyAheadBytes) this.#reader.stop();
    else this.#reader.go();
  }

  /** Nobody can tell where a next request would begin. */
  #break(error: NodeJS.ErrnoException): void {
    const response = this.#response;
    const isAnswered = response?.hasHead === true || this.#coming?.isDropped === true;
    if (!this.#socket.writable || isAnswered) this.destroy();
    else this.#endWith(this.#ways.broken(error, this.remoteAddress));
    this.#leave();
  }

  /** The last word; what still comes is read and dropped meanwhile, or the client might never get to read it. */
  #endWith(words: string | undefined): void {
    this.#isLast = true;
    this.#lingers = true;
    this.#isFresh = true;
    this.#ahead.length = 0;
    this.#coming?.dropBody();
    if (words === undefined) this.#socket.end();
    else this.#socket.end(words);
    this.#aheadBytes = 0;
    this.#regulate();
  }

  /** The client has closed, or half closed, which nobody does who wants an answer. */
  #ended(): void {
    if (this.#isUpgraded) return;
    const fault = this.#reader.finish();
    if (fault !== undefined && !this.#isLast && this.#response === undefined) this.#break(fault);
    else this.#socket.end();
    this.#leave();
  }

  #closed(): void {
    this.#reader.release();
    this.#leave();
    this.#ways.gone(this);
  }

  /** Who is at work for the client hears that it is gone. */
  #leave(): void {
    const response = this.#response;
    this.#isLast = true;
    this.#ahead.length = 0;
    this.#request = undefined;
    this.#response = undefined;
    response?.closed(false);
  }

  readonly #flushed = (error?: Error | null): void => {
    if (!error) this.finish();
  };
}

function finish(connection: ClientConnection): void {
  connection.finish();
}

function timeout(): NodeJS.ErrnoException {
  return Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
}
