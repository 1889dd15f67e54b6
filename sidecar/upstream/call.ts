// Sends a stored request to the container and gathers the whole response: the queue worker's side of the container.
// Never throws: every end is an outcome. Holds no slot; the worker does.
import type { Clock } from '../../runtime/clock.ts';
import { GatheredBytes } from '../gathered-bytes.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { CallContainer, CallOutcome, ContainerCall } from '../queue/parts.ts';
import type { Claim } from '../store/store.ts';
import { AnswerMemory } from './answer-memory.ts';
import { UnwritableRequest } from './client/request-head.ts';
import type { ResponseHead } from './client/response-head.ts';
import type { ResponseHandler, RoundTrip } from './client/round-trip.ts';
import type { Container } from './container.ts';
import { isEventStream } from './event-stream.ts';
import { codeOfFailure } from './failure.ts';
import { headerOf, responseHeaders } from './headers.ts';

export interface CallObserver {
  /** Nobody listens at the container's address. */
  refused(error: Error): void;
  /** Our own code threw while it was at work for this request. */
  failed(error: unknown, id: string): void;
}

export function createCallContainer(
  container: Container,
  clock: Clock,
  memory: MemoryBudget,
  maxResponseBytes: number,
  observer: CallObserver,
): CallContainer {
  return (claim, call) => {
    const { submission } = claim;
    const gathering = new Gathering(claim, call, clock, new AnswerMemory(memory), maxResponseBytes, observer);
    gathering.send(() =>
      container.send(
        {
          method: submission.method,
          target: submission.target,
          headers: submission.headers,
          body: submission.body.length === 0 ? null : submission.body,
        },
        gathering,
      ),
    );
    return gathering.outcome;
  };
}

class Gathering implements ResponseHandler {
  readonly outcome: Promise<CallOutcome>;
  readonly #settle: (outcome: CallOutcome) => void;
  readonly #call: ContainerCall;
  readonly #clock: Clock;
  readonly #memory: AnswerMemory;
  readonly #maxBytes: number;
  readonly #observer: CallObserver;
  readonly #id: string;
  readonly #isKept: boolean;
  #trip: RoundTrip | undefined;
  #status = 0;
  #headers: readonly string[] = [];
  #isEventStream = false;
  #body = new GatheredBytes();

  constructor(
    claim: Claim,
    call: ContainerCall,
    clock: Clock,
    memory: AnswerMemory,
    maxBytes: number,
    observer: CallObserver,
  ) {
    const { promise, resolve } = Promise.withResolvers<CallOutcome>();
    this.outcome = promise;
    this.#call = call;
    this.#clock = clock;
    this.#memory = memory;
    this.#maxBytes = maxBytes;
    this.#observer = observer;
    this.#id = claim.id;
    this.#isKept = claim.submission.mode === 'async';
    const abort = () => this.#end({ kind: 'aborted' });
    this.#settle = (outcome) => {
      call.signal.removeEventListener('abort', abort);
      if (outcome.kind !== 'answered') memory.release();
      resolve(outcome);
    };
    if (call.signal.aborted) abort();
    else call.signal.addEventListener('abort', abort, { once: true });
  }

  send(begin: () => RoundTrip): void {
    if (this.#call.signal.aborted) return;
    try {
      this.#trip = begin();
    } catch (error) {
      if (error instanceof UnwritableRequest) this.onResponseError(error);
      else this.failed(error);
    }
  }

  onResponseStart({ status, lines }: ResponseHead): void {
    this.#status = status;
    const headers = responseHeaders(lines);
    // It is given out later than it came (RFC 9110, 6.6.1).
    if (headerOf(headers, 'date') === undefined) headers.push('Date', new Date(this.#clock.nowMs()).toUTCString());
    this.#headers = headers;
    this.#isEventStream = isEventStream(this.#headers);
    if (this.#isEventStream) this.#call.onStreamStart?.({ status, headers: this.#headers });
  }

  onResponseData(bytes: Buffer): void {
    if (!this.#isKept) return;
    if (this.#body.length + bytes.length > this.#maxBytes) {
      this.#end({ kind: 'too_large', limitBytes: this.#maxBytes });
      return;
    }
    // The bytes are lent.
    const chunk = Buffer.from(bytes);
    this.#body.add(chunk);
    this.#memory.take(chunk.length, this.#trip!);
    if (this.#isEventStream) this.#call.onStreamChunk?.(chunk);
  }

  onResponseEnd(): void {
    const response = { status: this.#status, headers: this.#headers, body: this.#body.take() };
    this.#settle({ kind: 'answered', response, release: () => this.#memory.release() });
  }

  onResponseError(error: Error): void {
    const code = codeOfFailure(error);
    if (code === 'upstream_unreachable') this.#observer.refused(error);
    this.#settle({ kind: 'no_response', code, message: error.message });
  }

  failed(error: unknown): void {
    this.#observer.failed(error, this.#id);
    this.#settle({
      kind: 'no_response',
      code: 'internal_error',
      message: 'a fault of the sidecar itself; see its log',
    });
  }

  /** Ends early: what the container still sends is not wanted. */
  #end(outcome: CallOutcome): void {
    this.#settle(outcome);
    this.#trip?.abort();
    this.#body = new GatheredBytes();
  }
}
