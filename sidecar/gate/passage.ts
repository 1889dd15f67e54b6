// One sync request's way, or a WebSocket's: the line, a slot, the container, its response back. Holds its slot and gives it back on
// every exit. What may happen, in order:
//   waiting  -> admitted | client leaves | deadline: 504 request_expired | the replica ends: 503
//   inside   -> response head | no connection: waits again, or 502 | reset: once more, or 502 | client leaves | 504
//   open     -> a WebSocket: only its end, or silence, ends it
//   relaying -> end | container dies: the client's connection breaks | client leaves: the container's closes
import type { Socket } from 'node:net';
import { type Body, type BodyWaiter, bodyOf } from '../ingress/body.ts';
import type { Exchange } from '../ingress/exchange.ts';
import { type Problem, problem } from '../ingress/problem.ts';
import type { Slot } from '../queue/parts.ts';
import type { RawHeaders } from '../store/record.ts';
import { UnwritableRequest } from '../upstream/client/request-head.ts';
import type { ResponseHead } from '../upstream/client/response-head.ts';
import type { ResponseHandler, RoundTrip } from '../upstream/client/round-trip.ts';
import type { Container } from '../upstream/container.ts';
import { codeOfFailure, failureProblem } from '../upstream/failure.ts';
import { requestTrailers } from '../upstream/headers.ts';
import { Relay, type RelayWays } from '../upstream/relay.ts';
import { admissionProblem, dismissal } from './admission.ts';
import type { Deadlines } from './deadlines.ts';
import type { Gate, Waiter } from './gate.ts';
import type { ServiceRate } from './service-rate.ts';
import type { UpgradingClient } from './upgrading-client.ts';

/** What all passages share. */
export interface PassageWays extends RelayWays {
  readonly container: Container;
  readonly gate: Gate;
  readonly deadlines: Deadlines;
  readonly rate: ServiceRate;
  /** Nobody listens at the container's address: true when its restart is waited for. */
  waitsForRestart(error: Error): boolean;
  /** The replica ends: what fails now fails for that reason. */
  isClosing(): boolean;
}

type PlaceInLine = NonNullable<ReturnType<Gate['enter']>>;

/** The health path answers but the traffic port refuses: after so many tries it is no restart any more. */
const MOST_REFUSALS = 3;
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export class Passage implements Waiter, ResponseHandler, BodyWaiter {
  readonly #exchange: Exchange;
  readonly #headers: RawHeaders;
  readonly #ways: PassageWays;
  readonly #deadline: ReturnType<Deadlines['start']>;
  readonly #relay: Relay;
  readonly #upgrading: UpgradingClient | undefined;
  #place: PlaceInLine | undefined;
  #slot: Slot | undefined;
  #body: Body | undefined;
  #trip: RoundTrip | undefined;
  #isOver = false;
  #isAside = false;
  #refusals = 0;
  #hasRepeated = false;

  /** `upgrading`: the client asks for a WebSocket. */
  constructor(exchange: Exchange, headers: RawHeaders, ways: PassageWays, upgrading?: UpgradingClient) {
    this.#exchange = exchange;
    this.#headers = headers;
    this.#ways = ways;
    this.#relay = new Relay(exchange, ways);
    this.#upgrading = upgrading;
    this.#deadline = ways.deadlines.start(this, exchange.arrivedAtMs);
    exchange.onClientGone(() => this.#end(undefined));
  }

  /** Into the line, or straight through where there is room. */
  throughGate(): void {
    if (this.#isOver) return;
    const { gate, rate, deadlines } = this.#ways;
    const refusal = admissionProblem(gate, rate, deadlines.ttlMs);
    if (refusal !== undefined) {
      this.#end(refusal);
      return;
    }
    const place = gate.enter(this);
    if (place !== undefined) this.#place = place;
  }

  admitted(slot: Slot): void {
    // It ended while it could not be taken out of the line.
    if (this.#isOver) {
      slot.release();
      return;
    }
    this.#slot = slot;
    this.#place = undefined;
    this.#exchange.admitted();
    this.#exchange.askForBody();
    if (this.#body === undefined && this.#exchange.request.isSmallAndComing) {
      this.#awaitBody(slot);
      return;
    }
    this.#body ??= bodyOf(this.#exchange.request, this);
    this.#send();
  }

  /** The deadline, which counts up to the response head. */
  expired(): void {
    if (this.#isAside) this.bodySilent();
    else if (this.#slot === undefined) {
      this.#end(problem('request_expired', 'the request waited for the model until its time to live was over'));
    } else {
      this.#end(problem('upstream_timeout', 'the model container sent no response within the time to live'));
    }
  }

  /** A slot is for who has all that the container needs of him: a small body is here before it is taken. */
  #awaitBody(slot: Slot): void {
    this.#slot = undefined;
    this.#isAside = true;
    this.#ways.gate.stepAside(this, slot);
    this.#exchange.request.awaitBody(this);
  }

  bodyComplete(): void {
    if (this.#isOver) return;
    this.#isAside = false;
    // Its turn may come at once.
    const place = this.#ways.gate.enterAgain(this);
    if (this.#slot === undefined && !this.#isOver) this.#place = place;
  }

  /** The client stopped in the middle of its body. Once the answer has begun, the silence of the container is what counts. */
  bodySilent(): void {
    if (this.#exchange.hasAnswered) return;
    this.#exchange.response.keepsAlive = false;
    this.#end(problem('request_timeout', 'the body of the request stopped coming'));
  }

  /** The replica ends before its turn came. */
  dismissed(): void {
    this.#end(dismissal);
  }

  onInterim(head: ResponseHead): void {
    this.#relay.interim(this.#trip!, head);
  }

  onResponseStart(head: ResponseHead): void {
    this.#answered();
    this.#relay.head(head);
  }

  /** The slot is held until the client's socket closes. */
  onUpgrade(head: ResponseHead, container: Socket, rest: Buffer): void {
    this.#answered();
    this.#trip = undefined;
    this.#upgrading?.opened(head, container, rest);
  }

  onResponseData(bytes: Buffer): void {
    this.#relay.chunk(this.#trip!, bytes);
  }

  onResponseLull(): void {
    this.#relay.lull(this.#trip!);
  }

  onResponseEnd(trailers: readonly string[]): void {
    this.#relay.end(this.#trip!, trailers);
    this.#trip = undefined;
    this.#ways.rate.observe(this.#exchange.elapsedMs() - this.#exchange.queueMs);
    this.#end(undefined);
  }

  failed(error: unknown): void {
    this.#exchange.failed(error);
  }

  onResponseError(error: Error): void {
    const hasBytes = this.#trip?.hasBytes === true;
    this.#trip = undefined;
    if (this.#isOver) return;
    if (this.#exchange.hasAnswered) {
      this.#relay.breakOff(error);
      this.#end(undefined);
      return;
    }
    const code = codeOfFailure(error);
    if (this.#ways.isClosing()) this.dismissed();
    else if (code === 'upstream_unreachable' && this.#mayWaitAgain(error)) this.#waitAgain();
    else if (code === 'upstream_reset' && !hasBytes && this.#mayRepeat()) this.#send();
    else this.#end(failureProblem(error));
  }

  #answered(): void {
    this.#ways.deadlines.cancel(this.#deadline);
    this.#exchange.upstreamMs = this.#exchange.elapsedMs() - this.#exchange.queueMs;
  }

  #send(): void {
    const { request, target } = this.#exchange;
    const body = this.#body ?? null;
    const trailers = requestTrailers(request.rawTrailers);
    try {
      const outgoing = {
        method: request.method,
        target,
        headers: this.#headers,
        body,
        trailers,
        isUpgrade: this.#upgrading !== undefined,
      };
      this.#trip = this.#ways.container.send(outgoing, this);
    } catch (error) {
      if (!(error instanceof UnwritableRequest)) throw error;
      this.#end(problem('malformed_request', error.message));
    }
  }

  /** Over, whatever the stage: out of the line, the container's connection closed if it is still open, the slot free. */
  #end(answer: Problem | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const slot = this.#slot;
    this.#slot = undefined;
    try {
      this.#ways.deadlines.cancel(this.#deadline);
      if (this.#place !== undefined) {
        this.#ways.gate.leave(this.#place);
        this.#exchange.endsInLine();
      }
      if (this.#isAside) this.#ways.gate.forget(this);
      if (answer !== undefined) this.#exchange.answerProblem(answer);
      this.#trip?.abort();
    } finally {
      // Whatever throws above: a slot that is never given back is one less for all who come later.
      slot?.release();
    }
  }

  #mayWaitAgain(error: Error): boolean {
    if (!this.#isRepeatable() || ++this.#refusals > MOST_REFUSALS) return false;
    return this.#ways.waitsForRestart(error);
  }

  /** First in line again: its turn had come already. */
  #waitAgain(): void {
    const slot = this.#slot;
    this.#slot = undefined;
    this.#place = this.#ways.gate.enterAgain(this);
    slot?.release();
  }

  /** A kept-alive connection that the container closed under the request, without a byte: once more, if twice does no harm. */
  #mayRepeat(): boolean {
    if (this.#hasRepeated || !IDEMPOTENT.has(this.#exchange.request.method) || !this.#isRepeatable()) return false;
    this.#hasRepeated = true;
    return true;
  }

  /** The body is there in full, or nothing of it was taken yet. */
  #isRepeatable(): boolean {
    const body = this.#body ?? null;
    return body === null || body instanceof Uint8Array || !body.hasBegun;
  }
}
