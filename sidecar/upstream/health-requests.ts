// GET and HEAD of the health path, as load balancers and people ask for it: beside the gate, and however many ask at a time there is
// one request inside the container, whose answer is for all of them. Its query, header fields and body are not the clients'.
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { SidecarSettings } from '../contract.ts';
import { GatheredBytes } from '../gathered-bytes.ts';
import type { Exchange } from '../ingress/exchange.ts';
import { type Problem, problem } from '../ingress/problem.ts';
import type { ResponseHead } from './client/response-head.ts';
import type { ResponseHandler, RoundTrip } from './client/round-trip.ts';
import type { Container } from './container.ts';
import { failureProblem } from './failure.ts';
import { responseHeaders, withoutNames } from './headers.ts';

/** More is no answer to a question for health. */
const MAX_BODY_BYTES = 64 * 1024;
const HEADERS = ['User-Agent', 'inference-sidecar-health', 'Accept-Encoding', 'identity'];
const WRITTEN_ANEW: ReadonlySet<string> = new Set(['content-length', 'trailer']);

export class HealthRequests implements ResponseHandler {
  readonly #settings: Pick<SidecarSettings, 'healthPath' | 'healthTimeoutSeconds'>;
  readonly #container: Pick<Container, 'send'>;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  readonly #asking = new Set<Exchange>();
  #trip: RoundTrip | undefined;
  #timeout: Timer | undefined;
  #head: ResponseHead | undefined;
  #body = new GatheredBytes();

  constructor(
    settings: Pick<SidecarSettings, 'healthPath' | 'healthTimeoutSeconds'>,
    container: Pick<Container, 'send'>,
    clock: Clock,
    failed: (error: unknown) => void,
  ) {
    this.#settings = settings;
    this.#container = container;
    this.#clock = clock;
    this.#failed = failed;
  }

  ask(exchange: Exchange): void {
    exchange.admitted();
    this.#asking.add(exchange);
    exchange.onClientGone(() => this.#asking.delete(exchange));
    if (this.#trip === undefined) this.#send();
  }

  onResponseStart(head: ResponseHead): void {
    this.#head = head;
  }

  onResponseData(bytes: Buffer): void {
    // The bytes are lent.
    if (this.#body.length + bytes.length <= MAX_BODY_BYTES) this.#body.add(Buffer.from(bytes));
    else this.#fail(problem('upstream_too_large', `the answer of the health path is over ${MAX_BODY_BYTES} bytes`));
  }

  onResponseEnd(): void {
    const { status, lines } = this.#head!;
    const kept = withoutNames(responseHeaders(lines), WRITTEN_ANEW);
    const body = this.#body.take();
    this.#end((exchange) => exchange.answer(status, [...kept], body));
  }

  onResponseError(error: Error): void {
    this.#fail(failureProblem(error));
  }

  failed(error: unknown): void {
    // Who asked may have been answered before it threw.
    if (this.#asking.size === 0) this.#failed(error);
    this.#end((exchange) => exchange.failed(error));
  }

  #send(): void {
    const { healthPath: target, healthTimeoutSeconds } = this.#settings;
    const timeoutMs = healthTimeoutSeconds * 1000;
    const late = problem(
      'upstream_timeout',
      `the model container did not answer for its health within ${timeoutMs} ms`,
    );
    this.#timeout = this.#clock.after(timeoutMs, () => this.#fail(late));
    this.#trip = this.#container.send({ method: 'GET', target, headers: HEADERS, body: null }, this);
  }

  #fail(refusal: Problem): void {
    this.#end((exchange) => exchange.answerProblem(refusal));
  }

  #end(answer: (exchange: Exchange) => void): void {
    const exchanges = [...this.#asking];
    const [trip, timeout] = [this.#trip, this.#timeout];
    this.#asking.clear();
    this.#trip = undefined;
    this.#head = undefined;
    this.#body = new GatheredBytes();
    for (const exchange of exchanges) {
      exchange.upstreamMs = exchange.elapsedMs();
      try {
        answer(exchange);
      } catch (error) {
        exchange.failed(error);
      }
    }
    timeout?.cancel();
    trip?.abort();
  }
}
