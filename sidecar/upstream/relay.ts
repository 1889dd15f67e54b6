// The container's response on its way to the client: head at once, then each chunk as it comes, never held back, joined
// or compressed. A client that reads slowly slows the container down; one that has stopped reading is cut off.
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Exchange } from '../ingress/exchange.ts';
import { problemBody } from '../ingress/problem.ts';
import { type Controller, rawLines } from './container.ts';
import { EventStreamPosition, isEventStream } from './event-stream.ts';
import { failureProblem } from './failure.ts';
import { headerOf, responseHeaders } from './headers.ts';

export interface RelayWays {
  readonly clock: Clock;
  /** Longest time a client may not read. */
  readonly idleTimeoutMs: number;
  /** A chunk of an event stream passed: the first after so long from arrival, or one after so long a gap. */
  firstToken(ms: number): void;
  nextToken(gapMs: number): void;
}

export class Relay {
  readonly #exchange: Exchange;
  readonly #ways: RelayWays;
  /** Of an event stream only. */
  #position: EventStreamPosition | undefined;
  #isPlainText = false;
  #lastChunkMs = -1;
  #stall: Timer | undefined;

  constructor(exchange: Exchange, ways: RelayWays) {
    this.#exchange = exchange;
    this.#ways = ways;
  }

  head(controller: Controller, status: number, reason: string): void {
    const lines = responseHeaders(rawLines(controller.rawHeaders));
    if (isEventStream(lines)) {
      this.#position = new EventStreamPosition();
      this.#isPlainText = headerOf(lines, 'content-encoding') === undefined;
      // Ingresses that buffer would hold tokens back.
      if (headerOf(lines, 'x-accel-buffering') === undefined) lines.push('X-Accel-Buffering', 'no');
    }
    this.#exchange.writeHead(status, reason, lines);
    // At once, but in one packet with the first chunk where that is here already.
    process.nextTick(flushHead, this.#exchange);
  }

  chunk(controller: Controller, chunk: Buffer): void {
    if (this.#position !== undefined) this.#token(this.#position, chunk);
    const { response } = this.#exchange;
    if (response.write(chunk)) return;
    controller.pause();
    this.#stall = this.#ways.clock.after(this.#ways.idleTimeoutMs, () => this.#exchange.breakOff());
    response.once('drain', () => {
      this.#stall?.cancel();
      controller.resume();
    });
  }

  end(controller: Controller): void {
    const trailers = rawLines(controller.rawTrailers);
    const { response } = this.#exchange;
    if (trailers.length > 0) response.addTrailers(pairs(trailers));
    response.end();
  }

  /** The container died in the middle: the client's connection ends abnormally, so that nobody takes this for the whole. */
  breakOff(error: Error): void {
    const exchange = this.#exchange;
    if (!this.#isPlainText || !this.#position?.isBetweenEvents) {
      exchange.breakOff();
      return;
    }
    const event = `event: error\ndata: ${problemBody(failureProblem(error), exchange.id)}\n\n`;
    exchange.response.write(event, () => exchange.breakOff());
  }

  /** Nothing more comes, for whatever reason. */
  stop(): void {
    this.#stall?.cancel();
  }

  #token(position: EventStreamPosition, chunk: Buffer): void {
    position.passed(chunk);
    const nowMs = this.#exchange.elapsedMs();
    if (this.#lastChunkMs < 0) this.#ways.firstToken(nowMs);
    else this.#ways.nextToken(nowMs - this.#lastChunkMs);
    this.#lastChunkMs = nowMs;
  }
}

function flushHead(exchange: Exchange): void {
  exchange.response.flushHeaders();
}

function pairs(lines: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < lines.length; i += 2) result.push([lines[i]!, lines[i + 1]!]);
  return result;
}
