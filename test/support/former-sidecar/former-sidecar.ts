// A sidecar of before: its steps as they were, run on a Redis that ours work on too, as during an upgrade and after it.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { encodeAnswer, encodeRequest, fingerprintOf } from '../../../sidecar/store/payload.ts';
import type { Submission } from '../../../sidecar/store/record.ts';
import { leaseMs, response, retentionMs, type StoreKit } from '../stores.ts';

type Step = 'submit' | 'claim' | 'complete' | 'sweep';
type Argument = string | number | Buffer;

export class FormerSidecar {
  readonly #client: Redis;
  readonly #kit: StoreKit;

  constructor(client: Redis, kit: StoreKit) {
    this.#client = client;
    this.#kit = kit;
  }

  async submit(...submissions: readonly Submission[]): Promise<void> {
    const items = submissions.flatMap((one) => {
      const { id, mode, owner, webhook, ttlMs } = one;
      return [id, mode, owner, webhook, fingerprintOf(one), ttlMs, -1, encodeRequest(one)];
    });
    await this.#run('submit', 1000, 0, randomUUID(), submissions.length, ...items);
  }

  /** The token of its claim; it takes as many as there are, up to `max`. */
  async claim(max = 1): Promise<string> {
    const token = randomUUID();
    await this.#run('claim', max, token, leaseMs, '', 1 << 20);
    return token;
  }

  async complete(id: string, token: string): Promise<boolean> {
    const replies = await this.#run('complete', 1, id, token, encodeAnswer(response()));
    return Array.isArray(replies) && replies[0] === 1;
  }

  async sweep(): Promise<void> {
    await this.#run('sweep', 100, 3);
  }

  #run(step: Step, ...args: readonly Argument[]): Promise<unknown> {
    const script = readFileSync(new URL(`./${step}.lua`, import.meta.url), 'utf8');
    return this.#client.callBuffer(
      'EVAL',
      script,
      1,
      this.#kit.keyPrefix,
      this.#kit.clock.nowMs(),
      retentionMs,
      ...args,
    );
  }
}
