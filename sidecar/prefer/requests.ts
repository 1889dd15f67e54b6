// GET status, GET result and DELETE result of accepted requests: what `/status/<name>` and `/result/<name>` answer.
// Looks and cancels only through the queue; any replica answers for any request.
import type { Clock } from '../../runtime/clock.ts';
import { namedWeight } from '../../runtime/fields/media-type.ts';
import type { Exchange } from '../ingress/exchange.ts';
import { OVERLOADED, type Problem, problem, problemHeaders, problems, problemText } from '../ingress/problem.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { Queue, QueuedResult, QueuedStatus } from '../queue/queue.ts';
import { BODY_PIECE_BYTES } from '../store/store.ts';
import { waitOf } from './decide.ts';
import { failureOf } from './failure-of.ts';
import { followResult } from './follow-result.ts';
import { followStatus } from './follow-status.ts';
import { statusDocument, unknownDocument } from './status-document.ts';
import { changeProblem, storeProblem } from './store-problem.ts';
import { sendStored } from './stored-answer.ts';

const NOT_FOUND = problem('inference_not_found', 'no such request: unknown, past its retention, or of another API key');
const NOT_KEPT = problem('inference_not_found', 'delivered; respond-async-proxy keeps no response');

export class Requests {
  readonly #queue: Queue;
  readonly #memory: MemoryBudget;
  readonly #clock: Clock;

  constructor(queue: Queue, memory: MemoryBudget, clock: Clock) {
    this.#queue = queue;
    this.#memory = memory;
    this.#clock = clock;
  }

  /** `GET`/`HEAD /status/<name>`. */
  async status(exchange: Exchange): Promise<void> {
    if (!isMethod(exchange, 'GET', 'HEAD')) return this.refuse(exchange, 'status', notAllowed('GET, HEAD'));
    try {
      if (!(await this.#isOwned(exchange))) return this.refuse(exchange, 'status', NOT_FOUND);
      if (wantsEvents(exchange)) {
        const isKnown = await followStatus(exchange, this.#queue, this.#clock);
        if (!isKnown) this.refuse(exchange, 'status', NOT_FOUND);
        return;
      }
      const waitMs = waitOf(exchange.prefer) * 1000;
      const status =
        waitMs === 0
          ? await this.#queue.status(exchange.id)
          : await this.#queue.waitUntilDone(exchange.id, waitMs, exchange.clientGone);
      if (status === null) return this.refuse(exchange, 'status', NOT_FOUND);
      exchange.answerJson(200, ['Cache-Control', 'no-store'], statusDocument(status));
    } catch (error) {
      this.refuse(exchange, 'status', storeProblem(error));
    }
  }

  /** `GET`/`HEAD`/`DELETE /result/<name>`. */
  async result(exchange: Exchange): Promise<void> {
    if (!isMethod(exchange, 'GET', 'HEAD', 'DELETE')) {
      return this.refuse(exchange, 'result', notAllowed('GET, HEAD, DELETE'));
    }
    try {
      if (!(await this.#isOwned(exchange))) return this.refuse(exchange, 'result', NOT_FOUND);
      if (exchange.request.method === 'DELETE') return await this.#cancel(exchange);
      if (wantsEvents(exchange) && (await followResult(exchange, this.#queue, this.#clock))) return;
      const waitMs = waitOf(exchange.prefer) * 1000;
      const status = waitMs === 0 ? null : await this.#queue.waitUntilDone(exchange.id, waitMs, exchange.clientGone);
      if (exchange.hasClientLeft) return;
      if (status === null || status.state === 'done') await this.answerResult(exchange, []);
      else this.#answerUnfinished(exchange, status, []);
    } catch (error) {
      this.refuse(exchange, 'result', storeProblem(error));
    }
  }

  /** The stored response byte for byte, or what there is instead. */
  async answerResult(exchange: Exchange, lines: readonly string[]): Promise<void> {
    if (!this.#memory.take(BODY_PIECE_BYTES)) {
      this.#memory.refusals++;
      return this.refuse(exchange, 'result', OVERLOADED);
    }
    try {
      await this.#answerFrom(exchange, await this.#queue.result(exchange.id), lines);
    } finally {
      this.#memory.give(BODY_PIECE_BYTES);
    }
  }

  async #answerFrom(exchange: Exchange, result: QueuedResult, lines: readonly string[]): Promise<void> {
    if (result.kind === 'not_found') return this.refuse(exchange, 'result', NOT_FOUND);
    if (result.kind === 'answered') return sendStored(exchange, this.#queue, result, lines);
    if (result.status.outcome === 'answered') return this.refuse(exchange, 'result', NOT_KEPT);
    if (result.status.state === 'done') return this.refuse(exchange, 'result', failureOf(result.status));
    this.#answerUnfinished(exchange, result.status, lines);
  }

  #answerUnfinished(exchange: Exchange, status: QueuedStatus, more: readonly string[]): void {
    const retryAfter = String(status.estimatedWaitSeconds ?? 1);
    const lines = ['Retry-After', retryAfter, 'Cache-Control', 'no-store', ...more];
    exchange.answerJson(202, lines, statusDocument(status));
  }

  /** A row of the error table, on the status path in the shape of a status document: official clients read no other. */
  refuse(exchange: Exchange, path: 'status' | 'result', refusal: Problem): void {
    if (path === 'result') {
      exchange.answerProblem(refusal);
      return;
    }
    if (exchange.hasAnswered) return;
    exchange.problem = refusal;
    const lines = ['Cache-Control', 'no-store', ...problemHeaders(refusal)];
    const { status } = problems[refusal.code];
    exchange.answerJson(status, lines, unknownDocument(exchange.id, problemText(refusal), status === 503));
  }

  async #cancel(exchange: Exchange): Promise<void> {
    const outcome = await this.#queue.cancel(exchange.id).catch((error: unknown) => changeProblem(error));
    if (typeof outcome !== 'string') return this.refuse(exchange, 'result', outcome);
    if (outcome === 'not_found') return this.refuse(exchange, 'result', NOT_FOUND);
    exchange.answer(204, ['Cache-Control', 'no-store'], '');
  }

  async #isOwned(exchange: Exchange): Promise<boolean> {
    if (exchange.owner === '') return true;
    const status = await this.#queue.status(exchange.id);
    return status !== null && status.owner === exchange.owner;
  }
}

function isMethod(exchange: Exchange, ...methods: readonly string[]): boolean {
  return methods.includes(exchange.request.method);
}

/** By name: whoever takes anything, as curl does, gets a document. */
function wantsEvents({ request }: Exchange): boolean {
  const { accept } = request.headers;
  const weight = namedWeight(accept, 'text/event-stream');
  return request.method === 'GET' && weight > 0 && weight >= namedWeight(accept, 'application/json');
}

function notAllowed(allow: string): Problem {
  return problem('method_not_allowed', `allowed here: ${allow}`, { headers: ['Allow', allow] });
}
