// One request and its answer, as the client sees them: identity, measurements, and the one place that writes heads.
// It does not decide anything; the pipeline does, and tells it what to answer.
import { STATUS_CODES } from '../../runtime/http.ts';
import { headers } from '../contract.ts';
import type { Mode } from '../prefer/decide.ts';
import { type RequestTrace, traceParentOf } from '../upstream/trace.ts';
import type { Cors } from './cors.ts';
import type { Answer, AnswerWatcher } from './http/answer.ts';
import type { IncomingRequest } from './http/request.ts';
import { type Problem, problem, problemBody, problemHeaders, problems } from './problem.ts';

/** What an exchange asks of its surroundings. */
export interface ExchangeHost {
  monotonicMs(): number;
  /** True while the replica drains: keep-alive clients are sent away. */
  isDraining(): boolean;
  /** Somebody has work for the container: called once it is known that this is no look-up and no health check. False: turn it away. */
  cameForWork(): boolean;
  /** The ids of its spans; undefined where nothing is traced. */
  traceOf(request: IncomingRequest): RequestTrace | undefined;
  /** Undefined: off. */
  readonly cors: Cors | undefined;
  /** Called once, when the answer is complete or the client is gone. */
  ended(exchange: Exchange): void;
  /** Our own code threw while it was at work for it. */
  failed(exchange: Exchange, error: unknown): void;
}

export class Exchange implements AnswerWatcher {
  readonly request: IncomingRequest;
  readonly response: Answer;
  readonly arrivedAtMs: number;
  /** Undefined where nothing is traced. */
  readonly trace: RequestTrace | undefined;
  readonly #host: ExchangeHost;

  id = '';
  /** Entry name of the API key; empty where no keys are configured. */
  owner = '';
  mode: Mode | 'lookup' | 'health' | 'websocket' = 'sync';
  /** Path and query for the container. */
  target = '';
  /** Host and port of a target in absolute form; else empty. */
  authority = '';
  /** The public form's `/<name>`, else empty. */
  prefix = '';

  /** Time in line: until its turn came, or until it ended there. */
  queueMs = 0;
  /** Its turn came. */
  isAdmitted = false;
  /** Time from admission to the container's response headers; -1: there were none. */
  upstreamMs = -1;
  /** Time from arrival to the first byte of the answer's head. */
  headMs = -1;
  problem: Problem | undefined;
  hasClientLeft = false;
  hasEnded = false;

  #clientGone: (() => void) | undefined;
  #leaving: AbortController | undefined;
  #waitsForContinue: boolean;
  #hasSwitched = false;
  #hasRoom = true;

  constructor(request: IncomingRequest, response: Answer, host: ExchangeHost) {
    this.request = request;
    this.response = response;
    this.#host = host;
    this.#waitsForContinue = request.expectsContinue;
    this.arrivedAtMs = host.monotonicMs();
    this.trace = host.traceOf(request);
    response.watcher = this;
  }

  /** As metrics and the log show it; 499: the client left before the head was written. */
  get status(): number {
    if (this.#hasSwitched) return 101;
    return this.response.hasHead ? this.response.status : 499;
  }

  get hasAnswered(): boolean {
    return this.response.hasHead || this.#hasSwitched || this.hasClientLeft;
  }

  admitted(): void {
    this.queueMs = this.elapsedMs();
    this.isAdmitted = true;
  }

  /** Refused, dismissed or left before its turn came, be it the second one. */
  endsInLine(): void {
    this.queueMs = this.elapsedMs();
    this.isAdmitted = false;
  }

  /** Time since arrival. */
  elapsedMs(): number {
    return this.#host.monotonicMs() - this.arrivedAtMs;
  }

  /**
   * What to do when the client leaves before the answer is complete: leave the line, close the container's connection.
   * No field to assign to: V8 makes a function that is assigned to a property in its old generation, where it kept each
   * request with all its parts until the next full collection. Called at once where the client has left already.
   */
  onClientGone(call: () => void): void {
    if (this.hasClientLeft) call();
    else this.#clientGone = call;
  }

  /** Aborts when the client leaves before the answer is complete; aborted already where it has left. */
  get clientGone(): AbortSignal {
    if (this.#leaving === undefined) {
      this.#leaving = new AbortController();
      if (this.hasClientLeft) this.#leaving.abort();
    }
    return this.#leaving.signal;
  }

  /** The value of all `Prefer` lines. */
  get prefer(): string | undefined {
    return this.request.headers[headers.prefer] as string | undefined;
  }

  /**
   * Whose child the container is: of its own span inside, or of the whole where the container comes later. Undefined: what the
   * client sent passes through.
   */
  get traceParent(): string | undefined {
    if (this.trace === undefined || !this.trace.isSampled) return undefined;
    const isLater = this.mode === 'async' || this.mode === 'proxy';
    return traceParentOf(isLater ? this.trace : { ...this.trace, spanId: this.trace.containerSpanId });
  }

  get remoteAddress(): string {
    return this.request.remoteAddress;
  }

  /** Grants `100-continue`: the client has waited with its body until now. */
  askForBody(): void {
    if (!this.#waitsForContinue || this.hasAnswered) return;
    this.#waitsForContinue = false;
    this.response.inform(100, 'Continue', []);
  }

  /** The connection is a WebSocket from now on: what its 101 carries beyond the container's fields. */
  switched(): readonly string[] {
    this.#hasSwitched = true;
    this.headMs = this.elapsedMs();
    return ['X-Inference-Id', this.id, 'Server-Timing', this.#timing()];
  }

  /** Writes the head: the lines given, then what every response of ours carries. */
  writeHead(status: number, reason: string, lines: string[]): void {
    this.headMs = this.elapsedMs();
    lines.push('X-Inference-Id', this.id, 'Server-Timing', this.#timing());
    // A client that still waits for 100-continue may or may not send its body now: nobody could tell it from a request.
    if (this.#host.isDraining() || this.#waitsForContinue) this.response.keepsAlive = false;
    const { cors } = this.#host;
    this.response.writeHead(status, reason, cors === undefined ? lines : cors.answerLines(this.request, lines));
  }

  /** A whole answer of our own. */
  answer(status: number, lines: string[], body: string | Uint8Array): void {
    if (this.hasAnswered) return;
    const bytes = typeof body === 'string' ? Buffer.from(body) : asBuffer(body);
    if (!leavesContentOut(this.request.method, status, bytes)) lines.push('Content-Length', String(bytes.length));
    this.writeHead(status, STATUS_CODES[status] ?? '', lines);
    this.response.end(bytes);
    // Answered before the body came: what still comes is read and dropped, or the next request would never be reached.
    this.request.dropBody();
  }

  /** The head and first piece of an answer of so many bytes; `writeMore` and the response's end follow. False: it was answered before. */
  answerBegins(status: number, lines: string[], first: Uint8Array, bytes: number): boolean {
    if (this.hasAnswered) return false;
    lines.push('Content-Length', String(bytes));
    this.writeHead(status, STATUS_CODES[status] ?? '', lines);
    this.writeMore(first);
    this.request.dropBody();
    return true;
  }

  writeMore(bytes: Uint8Array): void {
    this.#hasRoom = this.response.write(asBuffer(bytes));
  }

  /** Resolves when the client has taken what was written, or is gone. */
  drained(): Promise<void> {
    if (this.#hasRoom) return Promise.resolve();
    return new Promise((resolve) => this.response.onceDrained(resolve));
  }

  /** The head of an event stream of our own, at once. */
  beginEvents(status: number, lines: string[]): void {
    lines.push('Cache-Control', 'no-store', 'X-Accel-Buffering', 'no');
    this.writeHead(status, STATUS_CODES[status] ?? '', lines);
    this.response.flushHead();
  }

  answerJson(status: number, lines: string[], document: unknown): void {
    // Exactly this content type: Verda's SDK compares it for equality.
    lines.push('Content-Type', 'application/json');
    this.answer(status, lines, JSON.stringify(document));
  }

  answerProblem(problem: Problem): void {
    if (this.hasAnswered) return;
    this.problem = problem;
    const lines = problemHeaders(problem);
    lines.push('Content-Type', 'application/problem+json', 'Cache-Control', 'no-store');
    this.answer(problems[problem.code].status, lines, problemBody(problem, this.id));
  }

  /** For a request whose end is in doubt: what follows on this connection is not taken for a request. */
  answerLast(problem: Problem): void {
    this.response.keepsAlive = false;
    this.answerProblem(problem);
  }

  /** Ends the client's connection abnormally: what was sent so far is not the whole answer. */
  breakOff(): void {
    this.response.breakOff();
  }

  /**
   * Whatever our own code threw while it was at work for this request: the request's failure, and nobody else's. Answered with 500
   * where no head is written yet, else broken off; who is at work for it stops.
   */
  failed(error: unknown): void {
    this.#host.failed(this, error);
    try {
      if (!this.response.hasHead && !this.#hasSwitched) this.answerLast(INTERNAL_ERROR);
      else if (!this.response.isEnded) this.breakOff();
      this.#clientGone?.();
      this.#leaving?.abort();
    } catch (another) {
      this.#host.failed(this, another);
      this.breakOff();
    }
  }

  /** For what is done for it later on. */
  settle(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.failed(error));
  }

  #timing(): string {
    const queue = `queue;dur=${tenths(this.queueMs)}`;
    return this.upstreamMs < 0 ? queue : `${queue}, upstream;dur=${tenths(this.upstreamMs)}`;
  }

  answerClosed(isWhole: boolean): void {
    this.hasEnded = true;
    this.hasClientLeft = !isWhole;
    const clientGone = this.#clientGone;
    this.#clientGone = undefined;
    try {
      if (!isWhole) {
        clientGone?.();
        this.#leaving?.abort();
      }
    } catch (error) {
      this.#host.failed(this, error);
    }
    this.#host.ended(this);
  }
}

/** Content is left out of it: what its length would be is not for us to say (RFC 9110, 8.6). */
export function leavesContentOut(method: string, status: number, body: Uint8Array): boolean {
  return status === 204 || status === 304 || (method === 'HEAD' && body.length === 0);
}

const INTERNAL_ERROR = problem('internal_error', 'the sidecar itself failed at this request; its log says why');

/** Faster than `toFixed`, which is in every answer. */
function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
