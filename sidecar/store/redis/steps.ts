// Calls the Lua steps: EVALSHA, and the text again where the server does not know it (after its restart or a fail-over).
// Every failure becomes a StoreError whose sentence says what happened; every call is measured.
import { hash } from 'node:crypto';
import { monotonicMs } from '../../../runtime/clock.ts';
import { StoreError, type StoreObserver } from '../store.ts';
import type { Connections, RedisClient } from './connection.ts';
import { isForbidden, storeFailure } from './failure.ts';
import type { Reply } from './reply.ts';
import type { Rights } from './rights.ts';
import type { StepName } from './scripts.ts';
import { SharedWrite } from './shared-write.ts';

type Scripts = Connections['scripts'];
export type StepArgument = string | number | Buffer;

export interface StepsOptions {
  readonly client: RedisClient;
  readonly scripts: Scripts;
  readonly socket: Connections['socket'];
  readonly keyPrefix: string;
  readonly retentionMs: number;
  /** 0 lets Redis' own clock count. */
  nowMs(): number;
  readonly observer: StoreObserver;
  readonly rights: Rights;
}

export class Steps {
  /** That of all steps of a turn. */
  readonly write: SharedWrite;
  readonly #options: StepsOptions;
  readonly #shas: Readonly<Record<StepName, string>>;
  #error: string | null = null;
  #detours = 0;
  /** Why the connection is down, which the steps that fail for it do not say themselves. */
  #connectionError: Error | undefined;

  constructor(options: StepsOptions) {
    this.#options = options;
    this.#shas = shasOf(options.scripts);
    this.write = new SharedWrite(options.socket);
    // Without a listener an error would end the process.
    options.client.on('error', (error: Error) => {
      this.#connectionError = error;
    });
    options.client.on('connect', () => {
      this.#connectionError = undefined;
    });
  }

  /** Why the last step failed; null since one succeeded. */
  get error(): string | null {
    return this.#error;
  }

  /** How many steps Redis did not know: it had their text, and did them, later than what was sent after them. */
  get detours(): number {
    return this.#detours;
  }

  async run(name: StepName, args: readonly StepArgument[]): Promise<Reply> {
    const { client, observer, nowMs, retentionMs, keyPrefix, rights } = this.#options;
    const all = [keyPrefix, nowMs(), retentionMs, ...args];
    const startedMs = monotonicMs();
    try {
      if (rights.lack !== null && client.status === 'ready') throw this.#lacking(rights.lack);
      const reply = await this.#evaluate(name, all);
      this.#error = null;
      return reply;
    } catch (error) {
      observer.storeError(name);
      if (isForbidden(error)) void rights.look();
      const failure = this.explain(error);
      this.#error = failure.message;
      throw failure;
    } finally {
      observer.storeLatency(name, (monotonicMs() - startedMs) / 1000);
    }
  }

  explain(error: unknown): StoreError {
    const { status } = this.#options.client;
    if (status === 'ready') return storeFailure(error);
    // Connected, but the client waits for the end of its ready check.
    const waiting = status === 'connect' ? new Error('LOADING: connected, not ready yet') : undefined;
    return storeFailure(error, this.#connectionError ?? waiting);
  }

  /** Nothing is begun that a right would be missing for in the middle. */
  #lacking(sentence: string): StoreError {
    void this.#options.rights.lookAgain();
    return new StoreError(sentence, { isShutOut: true });
  }

  async #evaluate(name: StepName, args: StepArgument[]): Promise<Reply> {
    const { client, scripts } = this.#options;
    this.write.hold();
    try {
      return (await client.callBuffer('EVALSHA', this.#shas[name], 1, ...args)) as Reply;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      this.#detours++;
      return (await client.callBuffer('EVAL', scripts[name], 1, ...args)) as Reply;
    }
  }
}

function shasOf(scripts: Scripts): Readonly<Record<StepName, string>> {
  const shas = Object.entries(scripts).map(([name, text]) => [name, hash('sha1', text)]);
  return Object.fromEntries(shas) as Record<StepName, string>;
}
