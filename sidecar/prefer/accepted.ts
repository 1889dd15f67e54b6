// Accepts an async request: gathers its body, stores it, and answers 202 only when the store has it durably.
// What happens to it afterwards is the queue's matter.
import { headers, reservedPaths, type WebhookHost } from '../contract.ts';
import type { Deadlines } from '../gate/deadlines.ts';
import type { Exchange } from '../ingress/exchange.ts';
import { type BodyFault, GatheredBody } from '../ingress/gathered-body.ts';
import { OVERLOADED, type Problem, problem } from '../ingress/problem.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { Queue } from '../queue/queue.ts';
import { destinationFault, ForbiddenDestination, readDestination } from '../queue/webhook/destination.ts';
import type { Submission } from '../store/record.ts';
import { StoreError, type SubmitOutcome } from '../store/store.ts';
import { requestHeaders } from '../upstream/headers.ts';
import type { Decision } from './decide.ts';
import type { Requests } from './requests.ts';
import { changeProblem } from './store-problem.ts';

export interface AcceptOptions {
  readonly name: string;
  readonly maxBodyBytes: number;
  readonly ttlMs: number;
  readonly memory: MemoryBudget;
  /** Of a body that comes: it has the time to live of its request. */
  readonly deadlines: Deadlines;
  readonly webhookAllowedHosts: readonly WebhookHost[];
}

export class Acceptance {
  readonly #queue: Queue;
  readonly #requests: Requests;
  readonly #options: AcceptOptions;

  constructor(queue: Queue, requests: Requests, options: AcceptOptions) {
    this.#queue = queue;
    this.#requests = requests;
    this.#options = options;
  }

  accept(exchange: Exchange, decision: Decision): void {
    const { maxBodyBytes, memory, deadlines } = this.#options;
    const webhook = webhookOf(exchange.request.headers[headers.webhook], this.#options.webhookAllowedHosts);
    if (webhook !== undefined && 'code' in webhook) {
      exchange.answerProblem(webhook);
      return;
    }
    const body: GatheredBody = new GatheredBody(exchange.request, memory, maxBodyBytes, {
      gathered: (bytes) => {
        deadlines.cancel(deadline);
        exchange.settle(this.#store(exchange, decision, bytes, webhook).finally(() => body.release()));
      },
      failed: (fault) => {
        deadlines.cancel(deadline);
        // The rest of the body is not worth reading: the connection ends with the answer.
        exchange.response.keepsAlive = false;
        exchange.answerProblem(bodyProblem(fault, maxBodyBytes));
      },
    });
    const deadline = deadlines.start(
      { expired: () => body.expired(), failed: (error) => exchange.failed(error) },
      exchange.arrivedAtMs,
    );
    exchange.onClientGone(() => {
      deadlines.cancel(deadline);
      body.abandon();
    });
    body.start(() => exchange.askForBody());
  }

  /** Resolves when the store has it or has refused it. */
  async #store(exchange: Exchange, decision: Decision, body: Uint8Array, webhook: URL | undefined): Promise<void> {
    const fault = webhook && (await destinationFault(webhook, this.#options.webhookAllowedHosts));
    if (fault !== undefined) return exchange.answerProblem(problem('invalid_webhook', fault));
    const submission: Submission = {
      id: exchange.id,
      mode: decision.mode === 'proxy' ? 'proxy' : 'async',
      method: exchange.request.method,
      target: exchange.target,
      headers: headersOf(exchange, decision),
      body,
      owner: exchange.owner,
      webhook: webhook?.href ?? '',
      ttlMs: this.#options.ttlMs,
    };
    try {
      const refusal = this.#refusal(await this.#queue.submit(submission));
      if (refusal !== undefined) return exchange.answerProblem(refusal);
    } catch (error) {
      return exchange.answerProblem(changeProblem(error));
    }
    if (decision.waitSeconds > 0 && !exchange.hasClientLeft) exchange.settle(this.#answerWhenDone(exchange, decision));
    else this.#answerAccepted(exchange, decision);
  }

  #refusal(outcome: SubmitOutcome): Problem | undefined {
    if (outcome.kind === 'accepted' || outcome.kind === 'duplicate') return undefined;
    const retryAfterSeconds = this.#queue.estimateWaitSeconds('queued' in outcome ? outcome.queued / 2 : 0) ?? 5;
    if (outcome.kind === 'conflict') {
      return problem('inference_id_conflict', 'this X-Inference-Id belongs to another request; choose a new one');
    }
    if (outcome.kind === 'full') {
      return problem('queue_full', `${outcome.queued} async requests wait already`, { retryAfterSeconds });
    }
    if (outcome.kind === 'unreachable') {
      const detail = `${outcome.queued} async requests wait already: the turn would come after the time to live`;
      return problem('deadline_unreachable', detail, { retryAfterSeconds });
    }
    const detail = `the deployment keeps ${outcome.storedBytes} bytes of requests and results, which is all it may`;
    return problem('quota_exceeded', detail, { retryAfterSeconds });
  }

  async #answerWhenDone(exchange: Exchange, decision: Decision): Promise<void> {
    try {
      const waitMs = decision.waitSeconds * 1000;
      const status = await this.#queue.waitUntilDone(exchange.id, waitMs, exchange.clientGone);
      if (exchange.hasClientLeft) return;
      if (status?.state === 'done') {
        await this.#requests.answerResult(exchange, ['Preference-Applied', decision.applied]);
        return;
      }
    } catch (error) {
      // It is stored: whatever failed while the client waited does not refuse it.
      this.#answerAccepted(exchange, decision);
      if (!(error instanceof StoreError)) throw error;
      return;
    }
    this.#answerAccepted(exchange, decision);
  }

  #answerAccepted(exchange: Exchange, decision: Decision): void {
    if (decision.mode === 'proxy') {
      exchange.answer(202, ['Preference-Applied', decision.applied], '');
      return;
    }
    const StatusPath = `${reservedPaths.status}/${this.#options.name}`;
    const ResultPath = `${reservedPaths.result}/${this.#options.name}`;
    const lines = ['Location', ResultPath, 'Preference-Applied', decision.applied];
    exchange.answerJson(202, lines, { Id: exchange.id, StatusPath, ResultPath });
  }
}

function bodyProblem(fault: BodyFault, maxBodyBytes: number): Problem {
  if (fault === 'no_memory') return OVERLOADED;
  if (fault === 'too_slow') return problem('request_timeout', 'the body of the request did not come in time');
  const detail = `the body of an async request may have ${maxBodyBytes} bytes; send it synchronously or raise the limit`;
  return problem('body_too_large', detail, { headers: ['X-Max-Body-Bytes', String(maxBodyBytes)] });
}

/** What a stored request does not carry to the container. Its response is stored for clients that may decode differently. */
const NOT_STORED = ['prefer', 'accept-encoding', 'trailer', headers.inferenceId, headers.webhook] as const;

function headersOf(exchange: Exchange, decision: Decision): string[] {
  const added = ['X-Inference-Id', exchange.id];
  for (const line of decision.forwarded ?? []) added.push('Prefer', line);
  // The API key was for us; the container, or a store, has no business with it.
  const without = exchange.owner === '' ? NOT_STORED : [...NOT_STORED, 'authorization'];
  return requestHeaders(exchange, { without, added });
}

/** The address to push completion to; undefined: nowhere; a problem where it is not allowed. */
function webhookOf(
  given: string | string[] | undefined,
  allowedHosts: readonly WebhookHost[],
): URL | Problem | undefined {
  if (given === undefined) return undefined;
  try {
    return readDestination(String(given), allowedHosts);
  } catch (error) {
    if (error instanceof ForbiddenDestination) return problem('invalid_webhook', error.message);
    throw error;
  }
}
