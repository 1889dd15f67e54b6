// The container's response on its way to the client: each chunk as it comes, never held back, joined or compressed; what
// came in one packet leaves in one where it can. A client that reads slowly slows the container down; one that has stopped
// reading is cut off.
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Exchange } from '../ingress/exchange.ts';
import { problemBody } from '../ingress/problem.ts';
import { AnswerBody } from './answer-body.ts';
import type { ResponseHead } from './client/response-head.ts';
import type { RoundTrip } from './client/round-trip.ts';
import { EventStreamPosition, isEventStream } from './event-stream.ts';
import { failureProblem } from './failure.ts';
import { headerOf, responseHeaders, responseTrailers } from './headers.ts';

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
  #body: AnswerBody | undefined;
  /** Told but not passed on yet: it waits for the rest of its packet, no longer. */
  #head: ResponseHead | undefined;
  #lines: string[] = [];
  #chunk: Buffer | undefined;
  /** Of an event stream only. */
  #position: EventStreamPosition | undefined;
  #isPlainText = false;
  #lastChunkMs = -1;
  #stall: Timer | undefined;

  constructor(exchange: Exchange, ways: RelayWays) {
    this.#exchange = exchange;
    this.#ways = ways;
  }

  head(head: ResponseHead): void {
    const lines = responseHeaders(head.lines);
    if (isEventStream(lines)) {
      this.#position = new EventStreamPosition();
      this.#isPlainText = headerOf(lines, 'content-encoding') === undefined;
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
    this.#body!.end(responseTrailers(trailers));
  }

  /** The container died in the middle: the client's connection ends abnormally, so that nobody takes this for the whole. */
  breakOff(error: Error): void {
    const exchange = this.#exchange;
    if (this.#chunk !== undefined) this.#body?.write(this.#chunk);
    if (!this.#isPlainText || !this.#position?.isBetweenEvents || this.#body === undefined) {
      exchange.breakOff();
      return;
    }
    const event = `event: error\ndata: ${problemBody(failureProblem(error), exchange.id)}\n\n`;
    this.#body.write(Buffer.from(event), () => exchange.breakOff());
  }

  /** Nothing more comes, for whatever reason. */
  stop(): void {
    this.#stall?.cancel();
  }

  /** All of it came in one packet, and leaves in one. */
  #answerWhole({ status, reason, contentLength }: ResponseHead): void {
    const { response, request } = this.#exchange;
    const text = this.#chunk === undefined ? '' : this.#chunk.toString('latin1');
    const mayHaveBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
    if (contentLength < 0 && mayHaveBody) this.#lines.push('Content-Length', String(text.length));
    this.#exchange.writeHead(status, reason, this.#lines);
    // As text: Node puts it behind its head and writes both at once.
    response.end(text, 'latin1');
  }

  #pass(trip: RoundTrip): void {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined) this.#body = AnswerBody.begin(this.#exchange, head, this.#lines);
    const chunk = this.#chunk;
    this.#chunk = undefined;
    const body = this.#body!;
    const hasRoom = chunk === undefined || body.write(chunk);
    if (head !== undefined) body.begun();
    if (!hasRoom) this.#wait(trip, body);
  }

  #wait(trip: RoundTrip, body: AnswerBody): void {
    trip.pause();
    this.#stall?.cancel();
    this.#stall = this.#ways.clock.after(this.#ways.idleTimeoutMs, () => this.#exchange.breakOff());
    body.onceDrained(() => {
      this.#stall?.cancel();
      trip.resume();
    });
  }

  #token(position: EventStreamPosition, chunk: Buffer): void {
    position.passed(chunk);
    const nowMs = this.#exchange.elapsedMs();
    if (this.#lastChunkMs < 0) this.#ways.firstToken(nowMs);
    else this.#ways.nextToken(nowMs - this.#lastChunkMs);
    this.#lastChunkMs = nowMs;
  }
}
