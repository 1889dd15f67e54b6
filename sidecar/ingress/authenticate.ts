// API keys from a directory (a mounted Secret, one key a file), read again when it changes. The file's name is the key's
// name: an async request belongs to it, so it survives the key's rotation. Keys are compared in constant time, never logged.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { bearerToken } from '../../runtime/fields/bearer.ts';
import type { Part } from '../../runtime/lifecycle.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Exchange } from './exchange.ts';
import { type Problem, problem } from './problem.ts';

/** Sets the exchange's owner, or says why the request may not pass. */
export type Authenticate = (exchange: Exchange) => Problem | undefined;

/** No keys configured: whoever reaches the port may pass. */
export const authenticateNobody: Authenticate = () => undefined;

/** A Secret's files change all at once by a symlink, which file watchers miss on some file systems: looked at instead. */
const RELOAD_MS = 5_000;

interface Key {
  readonly owner: string;
  readonly digest: Buffer;
}

export class ApiKeys implements Part {
  readonly name = 'API keys';
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #keys: readonly Key[] = [];
  #timer: Timer | undefined;

  constructor(directory: string, clock: Clock, logger: Logger) {
    this.#directory = directory;
    this.#clock = clock;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    this.#keys = await this.#read();
    this.#reloadLater();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  readonly authenticate: Authenticate = (exchange) => {
    const given = bearerToken(exchange.request.headers.authorization);
    const owner = given === undefined ? undefined : this.#ownerOf(given);
    if (owner === undefined) {
      return problem('unauthorized', 'send one of the configured API keys: Authorization: Bearer <key>');
    }
    exchange.owner = owner;
    return undefined;
  };

  /** Digests have one length and say nothing of the key, and every key is looked at: time tells nothing. */
  #ownerOf(given: string): string | undefined {
    const digest = digestOf(given);
    let owner: string | undefined;
    for (const key of this.#keys) {
      if (timingSafeEqual(key.digest, digest)) owner ??= key.owner;
    }
    return owner;
  }

  #reloadLater(): void {
    this.#timer = this.#clock.after(RELOAD_MS, () => {
      this.#read()
        .then((keys) => {
          this.#keys = keys;
        })
        .catch((error: unknown) => {
          this.#logger.error({ err: error, directory: this.#directory }, 'API keys cannot be read; the last ones stay');
        })
        .finally(() => this.#reloadLater());
    });
  }

  async #read(): Promise<readonly Key[]> {
    const keys: Key[] = [];
    // A mounted Secret has `..data` and the like beside its entries.
    const names = (await readdir(this.#directory)).filter((name) => !name.startsWith('.')).sort();
    for (const owner of names) {
      const text = (await readFile(join(this.#directory, owner), 'utf8')).trim();
      if (text !== '') keys.push({ owner, digest: digestOf(text) });
    }
    return keys;
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
