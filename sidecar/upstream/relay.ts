// The container's response on its way to the client: each chunk as it comes, never held back, joined or compressed; what
// came in one packet leaves in one where it can. A client that reads slowly slows the container down; its connection cuts off one that
// has stopped reading.
import type { Exchange } from '../ingress/exchange.ts';
import { problemBody } from '../ingress/problem.ts';
import type { ResponseHead } from './client/response-head.ts';
import type { RoundTrip } from './client/round-trip.ts';
import { EventStreamPosition, isEventStream } from './event-stream.ts';
import { failureProblem } from './failure.ts';
import { headerOf, interimHeaders, isPlain, responseHeaders, responseTrailers } from './headers.ts';

export interface RelayWays {
  /** A chunk of an event stream passed: the first after so long from arrival, or one after so long a gap. */
  firstToken(ms: number): void;
  nextToken(gapMs: number): void;
}

export class Relay {
  readonly #exchange: Exchange;
  readonly #ways: RelayWays;
  /** Told but not passed on yet: it waits for the rest of its packet, no longer. */
  #head: ResponseHead | undefined;
  #lines: string[] = [];
  #chunk: Buffer | undefined;
  /** Of an event stream only. */
  #position: EventStreamPosition | undefined;
  #mayAddEvent = false;
  #lastChunkMs = -1;

  constructor(exchange: Exchange, ways: RelayWays) {
    this.#exchange = exchange;
    this.#ways = ways;
  }

  /** At once, and no faster than the client reads. */
  interim(trip: RoundTrip, { status, reason, lines }: ResponseHead): void {
    if (!this.#exchange.response.inform(status, reason, interimHeaders(lines))) this.#wait(trip);
  }

  head(head: ResponseHead): void {
    const lines = responseHeaders(head.lines);
    if (isEventStream(lines)) {
      this.#position = new EventStreamPosition();
      // An event of ours at its end would go over the length that was declared.
      this.#mayAddEvent = head.contentLength < 0 && isPlain(lines);
      // Ingresses that buffer would hold tokens back.
      if (headerOf(lines, 'x-accel-buffering') === undefined) lines.push('X-Accel-Buffering', 'no');
    }
    this.#head = head;
    this.#lines = lines;
  }

  chunk(trip: RoundTrip, chunk: Buffer): void {
    if (this.#position !== undefined) this.#token(this.#position, chunk);
    if (this.#chunk !== undefined) this.#pass(trip);
    this.#chunk = chunk;
  }

  /** The rest of the response is not here yet. */
  lull(trip: RoundTrip): void {
    this.#pass(trip);
  }

  end(trip: RoundTrip, trailers: readonly string[]): void {
    if (this.#head !== undefined && trailers.length === 0 && headerOf(this.#lines, 'trailer') === undefined) {
      this.#answerWhole(this.#head);
      return;
    }
    this.#pass(trip);
    this.#exchange.response.end(undefined, responseTrailers(trailers));
  }

  /** The container died in the middle: the client's connection ends abnormally, so that nobody takes this for the whole. */
  breakOff(error: Error): void {
    const { response, id } = this.#exchange;
    if (this.#chunk !== undefined) response.write(this.#chunk);
    if (!this.#mayAddEvent || !this.#position?.isBetweenEvents) {
      response.breakOff();
      return;
    }
    response.write(Buffer.from(`event: error\ndata: ${problemBody(failureProblem(error), id)}\n\n`));
    response.breakOffWhenRead();
  }

  /** All of it came in one packet, and leaves in one. */
  #answerWhole({ status, reason, contentLength }: ResponseHead): void {
    const { response, request } = this.#exchange;
    const length = this.#chunk?.length ?? 0;
    const mayHaveBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
    if (contentLength < 0 && mayHaveBody) this.#lines.push('Content-Length', String(length));
    this.#exchange.writeHead(status, reason, this.#lines);
    response.end(this.#chunk);
  }

  #pass(trip: RoundTrip): void {
    const { response } = this.#exchange;
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined) this.#exchange.writeHead(head.status, head.reason, this.#lines);
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (chunk === undefined) response.flushHead();
    else if (!response.write(chunk)) this.#wait(trip);
  }

  #wait(trip: RoundTrip): void {
    trip.pause();
    this.#exchange.response.onceDrained(() => trip.resume());
  }

  #token(position: EventStreamPosition, chunk: Buffer): void {
    position.passed(chunk);
    const nowMs = this.#exchange.elapsedMs();
    if (this.#lastChunkMs < 0) this.#ways.firstToken(nowMs);
    else this.#ways.nextToken(nowMs - this.#lastChunkMs);
    this.#lastChunkMs = nowMs;
  }
}
