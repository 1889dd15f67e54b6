// Pushes completions to webhooks. What is still to be delivered lies in the store: a restart loses nothing, and if this replica
// dies in the middle another delivers again. Receivers may therefore hear twice; `webhook-id` tells them.
import type { Clock, Timer } from '../../../runtime/clock.ts';
import type { Logger } from '../../../runtime/logger.ts';
import type { WebhookHost } from '../../contract.ts';
import type { RequestStatus } from '../../store/record.ts';
import { type Delivery, type PostponedDelivery, type Store, StoreError } from '../../store/store.ts';
import type { QueueObserver } from '../observer.ts';
import type { PostOutcome } from './post.ts';
import { Receivers } from './receivers.ts';
import { readKeys, signatureOf } from './signature.ts';

export interface DelivererOptions {
  readonly allowedHosts: readonly WebhookHost[];
  readonly secretsDir: string;
  /** Path of the result, told to the receiver. */
  readonly resultPath: string;
  readonly retryDelaysMs: readonly number[];
  readonly timeoutMs: number;
  /** Looks this often though nothing told of any: a retry is due, or another replica died. */
  readonly pollMs: number;
}

/** From seconds to half an hour; the record must still be there, so retention ends it earlier. */
export const defaultRetryDelaysMs: readonly number[] = [5, 30, 120, 300, 900, 1800, 1800].map(
  (seconds) => seconds * 1000,
);

/** Taken from the store in one step. */
const MAX_CLAIMED = 100;

export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #observer: QueueObserver;
  #timer: Timer | undefined;
  #stopListening: (() => void) | undefined;
  #isRunning = false;
  #isDue = false;
  #claiming: Promise<void> | undefined;
  readonly #receivers = new Receivers();
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: DelivererOptions, store: Store, clock: Clock, logger: Logger, observer: QueueObserver) {
    this.#options = options;
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#observer = observer;
  }

  start(): void {
    this.#isRunning = true;
    this.#stopListening = this.#store.onDelivery(() => this.#look());
    this.#look();
  }

  /** Resolves when nothing is under way any more. What is undelivered stays in the store. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#stopListening?.();
    this.#timer?.cancel();
    await this.#claiming;
    await Promise.all(this.#underWay);
  }

  #look(): void {
    this.#isDue = true;
    if (!this.#isRunning || this.#claiming !== undefined) return;
    this.#timer?.cancel();
    this.#claiming = this.#claimAllDue()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#claiming = undefined;
        if (this.#isRunning) this.#timer = this.#clock.after(this.#options.pollMs, () => this.#look());
      });
  }

  /** Waits for no receiver: one that is slow keeps nothing from being taken that is for another. */
  async #claimAllDue(): Promise<void> {
    while (this.#isRunning && this.#isDue) {
      this.#isDue = false;
      const leaseMs = this.#options.timeoutMs * 2;
      const deliveries = await this.#store.claimDeliveries(MAX_CLAIMED, leaseMs);
      if (deliveries.length === MAX_CLAIMED) this.#isDue = true;
      await this.#beginAll(deliveries);
    }
  }

  async #beginAll(deliveries: readonly Delivery[]): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const postponed: PostponedDelivery[] = [];
    for (const delivery of deliveries) {
      const origin = originOf(delivery.webhook);
      const leave = this.#receivers.enter(origin, nowMs);
      if (leave === undefined) {
        postponed.push({ id: delivery.status.id, delayMs: this.#receivers.postpone(origin, nowMs) });
        continue;
      }
      const delivering = this.#deliver(delivery)
        .catch((error: unknown) => this.#failed(error))
        .finally(() => {
          leave(this.#clock.monotonicMs());
          this.#underWay.delete(delivering);
        });
      this.#underWay.add(delivering);
    }
    if (postponed.length === 0) return;
    await this.#store.postponeDeliveries(postponed);
    this.#clock.after(Math.min(...postponed.map(({ delayMs }) => delayMs)), () => this.#look());
  }

  #failed(error: unknown): void {
    if (!(error instanceof StoreError)) this.#logger.error({ err: error }, 'webhooks ended in a fault of our own');
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { webhook, status, attempt } = delivery;
    const outcome = await this.#post(webhook, status);
    const isDelivered = outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;
    const delayMs = this.#options.retryDelaysMs[attempt - 1];
    // 410 is the standard's word for: never again.
    const isFinal = outcome.kind === 'forbidden' || (outcome.kind === 'answered' && outcome.status === 410);
    const { host } = URL.canParse(webhook) ? new URL(webhook) : { host: '' };
    if (isDelivered) {
      await this.#store.settleDelivery(status.id, null);
      this.#observer.webhook('delivered');
    } else if (isFinal || delayMs === undefined) {
      await this.#store.settleDelivery(status.id, null);
      this.#observer.webhook(outcome.kind === 'forbidden' ? 'refused' : 'given_up');
      this.#logger.warn({ id: status.id, host, attempt, outcome }, 'webhook is not delivered');
    } else {
      await this.#store.settleDelivery(status.id, delayMs);
      this.#observer.webhook('retried');
      this.#clock.after(delayMs, () => this.#look());
    }
  }

  async #post(url: string, status: RequestStatus): Promise<PostOutcome> {
    const { allowedHosts, secretsDir, timeoutMs } = this.#options;
    const body = JSON.stringify(this.#notice(status));
    const timestamp = Math.floor(this.#clock.nowMs() / 1000);
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'webhook-id': status.id,
      'webhook-timestamp': String(timestamp),
    };
    try {
      const signature = signatureOf(await readKeys(secretsDir), status.id, timestamp, body);
      if (signature !== '') headers['webhook-signature'] = signature;
    } catch (error) {
      // Unsigned it would be thrown away by a receiver that checks; the secrets may be back at the next try.
      return { kind: 'no_answer', message: `cannot read the secrets: ${String(error)}` };
    }
    // Most pods never deliver: the networks that no webhook may reach are made a list of with the first delivery.
    const { post } = await import('./post.ts');
    return post({ url, headers, body, timeoutMs, allowedHosts });
  }

  #notice(status: RequestStatus): object {
    const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
    return {
      type: 'inference.completed',
      timestamp: iso(status.completedAtMs),
      data: {
        Id: status.id,
        Status: 'Completed',
        Error: status.error,
        ResultPath: this.#options.resultPath,
        Attempts: status.attempts,
        CreatedAt: iso(status.createdAtMs),
        StartedAt: iso(status.startedAtMs),
        CompletedAt: iso(status.completedAtMs),
      },
    };
  }
}

/** Scheme, host and port: a receiver. */
function originOf(webhook: string): string {
  return URL.canParse(webhook) ? new URL(webhook).origin : '';
}
