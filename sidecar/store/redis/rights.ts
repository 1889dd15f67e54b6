// Whether the Redis user may do all that the store needs: looked at when a connection is ready, and again while something is missing.
// Without that, a step could end in the middle: Redis undoes nothing, so what it has stored would be answered as refused.
import { monotonicMs } from '../../../runtime/clock.ts';
import type { RedisClient } from './connection.ts';
import { isForbidden } from './failure.ts';
import { list, type Reply, text } from './reply.ts';
import type { StepName } from './scripts.ts';

/** How often it is looked again while something is missing. */
const lookAgainMs = 1000;
/** A digest that no script has. */
const noScript = '0'.repeat(40);
/** Not 0: then the script would ask Redis for the time before it can say that it may not. */
const anyTime = 1;

type Scripts = Readonly<Record<StepName, string>>;

export interface RightsOptions {
  readonly steps: RedisClient;
  readonly listening: RedisClient;
  readonly scripts: Scripts;
  readonly keyPrefix: string;
  /** Of the address; empty: Redis' user `default`. */
  readonly username: string;
  /** Subscribes to what other replicas tell. Rejects where that fails. */
  listen(): Promise<unknown>;
}

export class Rights {
  readonly #options: RightsOptions;
  #lack: string | null = 'the rights of the Redis user are being looked at';
  #looking: Promise<void> | undefined;
  #lookedMs = 0;

  constructor(options: RightsOptions) {
    this.#options = options;
  }

  /** What is missing, as a sentence with the command that grants it; null where nothing is. */
  get lack(): string | null {
    return this.#lack;
  }

  /** Resolves when the answer is there. Where the connection fails meanwhile, what was known before stands. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      this.#lookedMs = monotonicMs();
    });
    return this.#looking;
  }

  async lookAgain(): Promise<void> {
    if (monotonicMs() - this.#lookedMs >= lookAgainMs) await this.look();
  }

  async #look(): Promise<void> {
    const { keyPrefix, username } = this.#options;
    const rules = await this.#missing().catch(() => undefined);
    if (rules === undefined) return;
    const command = `ACL SETUSER ${username || 'default'} ${[...new Set(rules)].sort().join(' ')}`;
    this.#lack = rules.length === 0 ? null : `the Redis user lacks rights on ${keyPrefix}; grant them with: ${command}`;
  }

  async #missing(): Promise<readonly string[]> {
    const { steps, listening, keyPrefix, listen } = this.#options;
    const none = `${keyPrefix}:none`;
    const rules = await Promise.all([
      this.#probe(listen(), 'subscribe'),
      this.#probe(listening.unsubscribe(none), 'unsubscribe'),
      this.#probe(infoOf(steps), 'info'),
      this.#probe(steps.callBuffer('EVALSHA', noScript, 1, keyPrefix), 'evalsha'),
      this.#probe(steps.callBuffer('EVAL', this.#options.scripts.rights, 1, keyPrefix, anyTime, 0), 'eval'),
    ]);
    return rules.flat();
  }

  /** What is missing for a command. Rejects where it failed for another reason than a right. */
  async #probe(reply: Promise<unknown>, command: string): Promise<readonly string[]> {
    const { keyPrefix, scripts } = this.#options;
    try {
      return list((await reply) as Reply)
        .map(text)
        .filter((rule) => /^[+~&]/.test(rule));
    } catch (error) {
      const { message } = error as Error;
      if (message.startsWith('NOSCRIPT')) return [];
      if (!isForbidden(error)) throw error;
      if (/channel/.test(message)) return [`&${keyPrefix}:*`];
      if (/the '.*' command|this command/.test(message))
        return command === 'eval' ? commandRights(scripts) : [`+${command}`];
      return [`~${keyPrefix}*`];
    }
  }
}

/** All that a user needs of commands: what the steps run, and what runs them. */
export function commandRights(scripts: Scripts): readonly string[] {
  const called = Object.values(scripts)
    .flatMap((script) => [...script.matchAll(/(?:call|later)\('([A-Z]+)'/g)])
    .map(([, command = '']) => command.toLowerCase());
  const commands = new Set([...called, 'eval', 'evalsha', 'info', 'subscribe', 'unsubscribe']);
  return [...commands].sort().map((command) => `+${command}`);
}

/** The least that a user of one deployment needs, as rules of an ACL. */
export function leastRights(keyPrefix: string, scripts: Scripts): readonly string[] {
  return [`~${keyPrefix}*`, `&${keyPrefix}:*`, ...commandRights(scripts)];
}

function infoOf(client: RedisClient): Promise<unknown> {
  const node = 'nodes' in client ? client.nodes('master')[0] : client;
  return node?.info() ?? Promise.resolve();
}
