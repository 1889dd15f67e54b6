// One client's connection: its requests are answered one after the other, in the order they came. What its client does, leave or fall
// silent, is told to who is at work for it.
//   a request's turn -> the pipeline -> its answer has gone out -> the next one's turn ... -> the last word -> gone
import type { Socket } from 'node:net';
import { guarded } from '../../../runtime/boundary.ts';
import { CONNECT } from '../broken.ts';
import { Answer, type AnswerCarrier } from './answer.ts';
import type { AnswerHeads } from './answer-head.ts';
import type { ConnectionWays } from './connection-ways.ts';
import { Intake, type IntakeOwner, overloaded } from './intake.ts';
import { Presence } from './presence.ts';
import type { IncomingRequest } from './request.ts';
import { UnreadBytes } from './unread.ts';

/**
 * Time to read the last word (RFC 9112, 9.6): our side ends, and what still comes is read and dropped until the client's side ends too.
 * Closed at once, what the client still sends would be answered by a reset, which takes the last word away.
 */
const LAST_WORD_MS = 2_000;

export class ClientConnection implements IntakeOwner, AnswerCarrier {
  readonly heads: AnswerHeads;
  readonly #socket: Socket;
  readonly #ways: ConnectionWays;
  readonly #intake: Intake;
  readonly #unread: UnreadBytes;
  /** To the current request. */
  #answer: Answer | undefined;
  #remoteAddress: string | undefined;
  #isUpgraded = false;
  /** No more requests are taken. */
  #isLast = false;
  /** The client sends nothing more, and waits for its answers or is gone. */
  #presence: Presence | undefined;
  /** Our side has ended. */
  #hasSaidLastWord = false;
  #sinceMs = 0;
  /** -1: not looked at yet. */
  #paceSinceMs = -1;
  #paceFromBytes = 0;

  constructor(socket: Socket, ways: ConnectionWays) {
    this.#socket = socket;
    this.#ways = ways;
    this.heads = ways.heads;
    this.#unread = new UnreadBytes(socket, ways.memory);
    this.#intake = new Intake(socket, ways.parser, ways.limits, ways.memory, this);
    socket
      .on(
        'drain',
        guarded(() => this.#answer?.drained(), this.#threw),
      )
      .on(
        'end',
        guarded(() => this.#clientEnded(), this.#threw),
      )
      // What it means is said by `close`.
      .on('error', () => undefined)
      .on(
        'close',
        guarded(() => this.#closed(), this.#threw),
      );
  }

  /** Whatever throws in what the client sets off is the failure of the request at work, or else of the connection, and no more. */
  failed(error: unknown): void {
    const watcher = this.#answer?.watcher;
    if (watcher !== undefined) watcher.failed(error);
    else {
      this.#ways.failed(error);
      this.destroy();
    }
  }

  readonly #threw = (error: unknown): void => this.failed(error);

  /** An IPv4 client of a dual-stack socket in its own form. */
  get remoteAddress(): string {
    if (this.#remoteAddress === undefined) {
      const { remoteAddress = '' } = this.#socket;
      this.#remoteAddress = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
    }
    return this.#remoteAddress;
  }

  /** Where the client keeps it open for later, our side ends. */
  endIdle(): void {
    if (this.#intake.isIdle && !this.#isLast) this.endBehindWords();
  }

  packetRead(): void {
    const { fault, current, coming } = this.#intake;
    if (fault !== undefined && current !== undefined && current === coming) this.#break(fault);
    else this.#next();
  }

  switched(request: IncomingRequest, rest: Buffer): void {
    // A proxy to anywhere is no business of ours.
    if (request.method === 'CONNECT') {
      this.#break(Object.assign(new Error('CONNECT'), { code: CONNECT }));
      return;
    }
    this.#isUpgraded = true;
    const answer = this.#begin(request);
    answer.keepsAlive = false;
    this.#ways.upgrade(request, answer, this.#socket, rest);
  }

  write(data: string | Buffer): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    const hasRoom = socket.write(data, 'latin1');
    this.#unread.count();
    return hasRoom;
  }

  answered(): void {
    // The client has left.
    if (this.#answer === undefined) return;
    if (this.#socket.writableLength === 0) process.nextTick(finish, this);
    else this.#socket.write('', this.#flushed);
  }

  /** The answer has gone out. */
  finish(): void {
    const answer = this.#answer;
    if (answer === undefined) return;
    this.#answer = undefined;
    answer.closed(true);
    this.#intake.answered();
    // A request that is here already is served, and its answer is the last.
    this.#isLast ||= !answer.keepsAlive || (this.#intake.isIdle && this.#ways.isDraining());
    if (!this.#isLast) this.#next();
    else if (this.#isUpgraded) this.#socket.destroySoon();
    else this.endBehindWords();
  }

  /** After what was written, be it in the middle of an answer, our side ends. */
  endBehindWords(): void {
    this.#isLast = true;
    this.#hasSaidLastWord = true;
    this.#intake.hasMoved = true;
    this.#intake.close();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Looked at from time to time: no times are kept for each request. */
  look(nowMs: number): void {
    const intake = this.#intake;
    this.#unread.count();
    if (this.#hasStoppedReading(nowMs)) {
      this.destroy();
      return;
    }
    intake.look();
    if (this.#isBelowPace(nowMs)) intake.current?.silent();
    if (intake.hasMoved) {
      intake.hasMoved = false;
      this.#sinceMs = nowMs;
    } else if (!this.#isUpgraded && nowMs - this.#sinceMs >= this.#longestSilenceMs()) {
      if (this.#hasSaidLastWord) this.destroy();
      else if (intake.current !== undefined) intake.current.silent();
      else if (intake.isInHead && intake.coming === undefined) this.#break(timeout());
      else this.destroy();
    }
  }

  /**
   * For want of memory: ends the connection where all there is of it is an unfinished head, whose sender nobody knows yet. Returns how
   * many bytes that frees.
   */
  shed(): number {
    const { unfinishedBytes, current } = this.#intake;
    if (unfinishedBytes === 0 || current !== undefined || this.#isLast) return 0;
    this.#ways.memory.refusals++;
    this.#break(overloaded());
    return unfinishedBytes;
  }

  /** Whoever writes to the client waits while it does not read, but not for ever. The two ends of a WebSocket see to that themselves. */
  #hasStoppedReading(nowMs: number): boolean {
    const stalledMs = this.#unread.stalledMs(nowMs, this.#intake.sentBytes);
    const isWebSocket = this.#isUpgraded && this.#answer?.hasHead !== true;
    return !isWebSocket && stalledMs >= this.#ways.idleTimeoutMs;
  }

  /** A body that drips would keep its slot for as long as it lasts. What the container is slow to take is not the client's fault. */
  #isBelowPace(nowMs: number): boolean {
    const { current } = this.#intake;
    const isWaitedFor = current?.isPaced === true && current.isAwaited;
    const receivedBytes = current?.receivedBytes ?? 0;
    const { leastBodyBytesPerSecond, paceWindowMs } = this.#ways.limits;
    const windowMs = nowMs - this.#paceSinceMs;
    const hasBegun = isWaitedFor && this.#paceSinceMs >= 0;
    if (hasBegun && windowMs < paceWindowMs) return false;
    const isBelow = hasBegun && receivedBytes - this.#paceFromBytes < (leastBodyBytesPerSecond * windowMs) / 1000;
    this.#paceSinceMs = nowMs;
    this.#paceFromBytes = receivedBytes;
    return isBelow;
  }

  /** How long the client may do nothing in the state it is in. */
  #longestSilenceMs(): number {
    const { current, coming, isInHead } = this.#intake;
    const { headersTimeoutMs, bodySilenceMs, keepAliveMs } = this.#ways.limits;
    if (this.#hasSaidLastWord) return LAST_WORD_MS;
    const request = current ?? coming;
    if (request !== undefined) return request.isAwaited ? bodySilenceMs : Number.POSITIVE_INFINITY;
    return isInHead ? headersTimeoutMs : keepAliveMs;
  }

  #next(): void {
    if (this.#isLast || this.#intake.current !== undefined) return;
    const request = this.#intake.next();
    if (request !== undefined) this.#ways.request(request, this.#begin(request));
    else if (this.#intake.fault !== undefined) this.#break(this.#intake.fault);
    else if (this.#presence !== undefined) this.#socket.end();
  }

  #begin(request: IncomingRequest): Answer {
    const answer = new Answer(request, this);
    this.#answer = answer;
    return answer;
  }

  /** Nobody can tell where a next request would begin. */
  #break(error: NodeJS.ErrnoException): void {
    const isAnswered = this.#answer?.hasBegun === true || this.#intake.coming?.isDropped === true;
    if (isAnswered || !this.#socket.writable) this.destroy();
    else {
      this.write(this.#ways.broken(error, this.remoteAddress));
      this.endBehindWords();
    }
    this.#leave();
  }

  /** The client has closed its side: it is gone, or waits for its answers. */
  #clientEnded(): void {
    if (this.#isUpgraded) return;
    const fault = this.#intake.finish();
    const { current, coming } = this.#intake;
    if (current !== undefined && current !== coming && !this.#isLast) {
      this.#presence = new Presence(this.#ways.clock, () => this.#answer?.sendAhead());
      return;
    }
    if (fault !== undefined && current === coming && !this.#isLast) this.#break(fault);
    if (!this.#hasSaidLastWord) this.#socket.end();
    this.#leave();
  }

  #closed(): void {
    try {
      this.#leave();
    } finally {
      this.#unread.release();
      this.#ways.gone(this);
      this.#intake.gone();
    }
  }

  /** Who is at work for the client hears that it is gone. */
  #leave(): void {
    const answer = this.#answer;
    this.#answer = undefined;
    this.#isLast = true;
    this.#presence?.stop();
    this.#intake.close();
    answer?.closed(false);
  }

  readonly #flushed = (error?: Error | null): void => {
    if (!error) finish(this);
  };
}

function finish(connection: ClientConnection): void {
  try {
    connection.finish();
  } catch (error) {
    connection.failed(error);
  }
}

function timeout(): NodeJS.ErrnoException {
  return Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
}
