// One sync request's way: the line, a slot, the container, and the response back chunk by chunk as it comes, with
// backpressure both ways. Holds its slot and gives it back on every exit. What may happen, in order:
//   waiting  -> admitted | client leaves | deadline: 504 request_expired | shutdown: 503
//   inside   -> response head | no connection: waiting again or 502 | reset: once more or 502 | client leaves | 504
//   relaying -> end | container dies: the client's connection breaks | client leaves: the container's closes
import type { Deadlines } from '../gate/deadlines.ts';
import type { Gate, Waiter } from '../gate/gate.ts';
import type { ServiceRate } from '../gate/service-rate.ts';
import { type Body, bodyOf } from '../ingress/body.ts';
import type { Exchange } from '../ingress/exchange.ts';
import { type Problem, type ProblemCode, problem } from '../ingress/problem.ts';
import type { Slot } from '../queue/parts.ts';
import type { RawHeaders } from '../store/record.ts';
import { type Container, type Controller, codeOfFailure, type ResponseHandler, rawLines } from './container.ts';
import { headerOf, responseHeaders } from './headers.ts';

/** What all passages share. */
export interface PassageWays {
  readonly container: Container;
  readonly gate: Gate;
  readonly deadlines: Deadlines;
  readonly rate: ServiceRate;
  monotonicMs(): number;
  /** Nobody listens at the container's address: true when its restart is waited for. */
  waitsForRestart(error: Error): boolean;
  /** The replica ends: what fails now fails for that reason. */
  isClosing(): boolean;
}

type PlaceInLine = Exclude<ReturnType<Gate['enter']>, string>;

const MOST_REFUSALS = 3;
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
/** Stands in for the slot of what passes beside the gate. */
const noSlot: Slot = { waitedMs: 0, release: () => undefined };

export class Passage implements Waiter, ResponseHandler {
  readonly #exchange: Exchange;
  readonly #headers: RawHeaders;
  readonly #ways: PassageWays;
  readonly #deadline: ReturnType<Deadlines['start']>;
  #place: PlaceInLine | undefined;
  #slot: Slot | undefined;
  #body: Body | undefined;
  #controller: Controller | undefined;
  #isOver = false;
  #admittedAtMs = 0;
  #refusals = 0;
  #hasRepeated = false;

  constructor(exchange: Exchange, headers: RawHeaders, ways: PassageWays) {
    this.#exchange = exchange;
    this.#headers = headers;
    this.#ways = ways;
    this.#deadline = ways.deadlines.start(this, exchange.arrivedAtMs);
    exchange.onClientGone = () => this.#end(undefined);
  }

  /** Into the line, or straight through where there is room. */
  throughGate(): void {
    const outcome = this.#ways.gate.enter(this);
    if (outcome === 'full') this.#end(this.#lineIsFull());
    else if (outcome !== 'admitted') this.#place = outcome;
  }

  /** Health checks: no slot, no waiting. */
  besideGate(): void {
    this.admitted(noSlot);
  }

  admitted(slot: Slot): void {
    this.#slot = slot;
    this.#place = undefined;
    this.#admittedAtMs = this.#ways.monotonicMs();
    this.#exchange.queueMs = this.#admittedAtMs - this.#exchange.arrivedAtMs;
    this.#exchange.askForBody();
    this.#body ??= bodyOf(this.#exchange.request);
    this.#send();
  }

  /** The deadline, which counts up to the response head. */
  expired(): void {
    if (this.#slot === undefined) {
      const detail = 'the request waited for the model until its time to live was over';
      this.#end(problem('request_expired', detail));
    } else {
      this.#end(problem('upstream_timeout', 'the model container sent no response within the time to live'));
    }
  }

  /** The replica ends before its turn came. */
  dismissed(): void {
    this.#end(problem('draining', 'this replica shuts down', { retryAfterSeconds: 1 }));
  }

  onRequestStart(controller: Controller): void {
    if (this.#isOver) controller.abort(new Error('nobody waits for the answer'));
    else this.#controller = controller;
  }

  onResponseStart(controller: Controller, status: number, _headers: unknown, reason?: string): void {
    if (status < 200) return;
    this.#ways.deadlines.cancel(this.#deadline);
    const exchange = this.#exchange;
    exchange.upstreamMs = this.#ways.monotonicMs() - this.#admittedAtMs;
    const raw = rawLines(controller.rawHeaders);
    const lines = responseHeaders(raw);
    if (headerOf(raw, 'content-type')?.startsWith('text/event-stream')) lines.push('X-Accel-Buffering', 'no');
    exchange.writeHead(status, reason ?? '', lines);
    // At once, but in one packet with the first chunk where that is here already.
    process.nextTick(flushHead, exchange);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    const { response } = this.#exchange;
    if (response.write(chunk)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  onResponseEnd(controller: Controller): void {
    const trailers = rawLines(controller.rawTrailers);
    const { response } = this.#exchange;
    if (trailers.length > 0) response.addTrailers(pairs(trailers));
    response.end();
    this.#ways.rate.observe(this.#ways.monotonicMs() - this.#admittedAtMs);
    this.#end(undefined);
  }

  onResponseError(_controller: Controller | undefined, error: Error): void {
    if (this.#isOver) return;
    if (this.#exchange.hasAnswered) {
      this.#exchange.breakOff();
      this.#end(undefined);
      return;
    }
    const code = codeOfFailure(error);
    if (this.#ways.isClosing()) this.dismissed();
    else if (code === 'upstream_unreachable' && this.#mayWaitAgain(error)) this.#waitAgain();
    else if (code === 'upstream_reset' && this.#mayRepeat()) this.#send();
    else this.#end(failure(code, error));
  }

  #send(): void {
    const { request, target } = this.#exchange;
    this.#controller = undefined;
    const body = this.#body ?? null;
    try {
      this.#ways.container.send({ method: request.method!, target, headers: this.#headers, body }, this);
    } catch (error) {
      this.#end(problem('malformed_request', error instanceof Error ? error.message : String(error)));
    }
  }

  /** Over, whatever the stage: out of the line, the container's connection closed if it is still open, the slot free. */
  #end(answer: Problem | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { deadlines, gate } = this.#ways;
    deadlines.cancel(this.#deadline);
    if (this.#place !== undefined) gate.leave(this.#place);
    if (answer !== undefined) this.#exchange.answerProblem(answer);
    this.#controller?.abort(new Error('nobody waits for the answer'));
    this.#slot?.release();
    this.#slot = undefined;
  }

  #mayWaitAgain(error: Error): boolean {
    return (
      this.#isUnread() &&
      this.#slot !== noSlot &&
      ++this.#refusals <= MOST_REFUSALS &&
      this.#ways.waitsForRestart(error)
    );
  }

  #waitAgain(): void {
    const slot = this.#slot;
    this.#slot = undefined;
    this.#place = this.#ways.gate.enterAgain(this);
    slot?.release();
  }

  /** A kept-alive connection that the container closed under the request: once more, if twice does no harm. */
  #mayRepeat(): boolean {
    if (this.#hasRepeated || !IDEMPOTENT.has(this.#exchange.request.method!) || !this.#isUnread()) return false;
    this.#hasRepeated = true;
    return true;
  }

  /** The body is there in full, or nothing of it was taken yet. */
  #isUnread(): boolean {
    const body = this.#body ?? null;
    return body === null || body instanceof Uint8Array || !(body.destroyed || body.readableDidRead);
  }

  #lineIsFull(): Problem {
    const { gate, rate } = this.#ways;
    const retryAfterSeconds = rate.retryAfterSeconds(gate.waiting);
    return problem('queue_full', `${gate.waiting} requests wait for the model already`, { retryAfterSeconds });
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

function failure(code: ProblemCode, { message }: Error): Problem {
  if (code === 'upstream_unreachable') return problem(code, `the model container accepts no connection (${message})`);
  if (code === 'upstream_invalid') return problem(code, `the model container does not answer in HTTP (${message})`);
  return problem(code, 'the model container closed the connection before it answered');
}
