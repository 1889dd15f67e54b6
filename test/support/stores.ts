// Both stores under one suite: `describeStores` runs its tests once for each, with time moved by hand and a deployment of its own.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import type { StoreLimits } from '../../sidecar/store/limits.ts';
import { createStore } from '../../sidecar/store/open-store.ts';
import type { StoredResponse, Submission } from '../../sidecar/store/record.ts';
import type { Claim, Store } from '../../sidecar/store/store.ts';
import { type RedisSettings, TestRedis } from './redis.ts';

export const retentionMs = 60_000;
export const leaseMs = 10_000;
export const ttlMs = 300_000;

/** Time that stands still until a test moves it. An hour ahead: Redis expires keys by its own clock, which goes on meanwhile. */
export class HandClock {
  #nowMs = Date.now() + 3_600_000;

  nowMs = (): number => this.#nowMs;

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}

export class StoreKit {
  readonly kind: 'sqlite' | 'redis';
  readonly clock = new HandClock();
  readonly directory: string;
  readonly #url: string | (() => string);
  readonly name = `d${randomUUID().slice(0, 8)}`;
  readonly #opened: Store[] = [];

  /** `parent`: where its files lie; in memory where durability is not what is tested. */
  constructor(kind: 'sqlite' | 'redis', url: string | (() => string), parent = tmpdir()) {
    this.kind = kind;
    this.#url = url;
    this.directory = mkdtempSync(join(parent, 'test-store-'));
  }

  get keyPrefix(): string {
    return `inference:{default/${this.name}}`;
  }

  /** Opens the deployment's store; for Redis a second call is a second replica. */
  async open(limits: Partial<StoreLimits> = {}): Promise<Store> {
    const store = await createStore(
      {
        url: typeof this.#url === 'string' ? this.#url : this.#url(),
        password: '',
        dataDir: this.directory,
        namespace: 'default',
        name: this.name,
      },
      {
        retentionMs,
        maxQueue: 1_000_000,
        maxStoredBytes: 0,
        maxAttempts: 3,
        sweepMax: 100,
        observer: { storeLatency: () => undefined, storeError: () => undefined },
        warn: () => undefined,
        nowMs: this.clock.nowMs,
        ...limits,
      },
    );
    this.#opened.push(store);
    await store.open();
    return store;
  }

  async close(): Promise<void> {
    for (const store of this.#opened) await store.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function describeStores(
  what: string,
  tests: (kit: () => StoreKit) => void,
  settings: RedisSettings = {},
  parent?: string,
): void {
  describe.each(['sqlite', 'redis'] as const)(`${what} (%s)`, (kind) => {
    let redis: TestRedis | undefined;
    let kit: StoreKit | undefined;
    beforeAll(async () => {
      if (kind === 'redis') redis = await TestRedis.start(settings);
    });
    afterAll(() => redis?.stop());
    beforeEach(() => {
      kit = new StoreKit(kind, redis?.url ?? '', parent);
    });
    afterEach(() => kit?.close());
    tests(() => kit as StoreKit);
  });
}

export function submission(over: Partial<Submission> = {}): Submission {
  return {
    id: randomUUID(),
    mode: 'async',
    method: 'POST',
    target: '/v1/things?x=1',
    headers: ['Content-Type', 'application/json', 'X-Twice', 'a', 'X-Twice', 'b'],
    body: Buffer.from('{"a":1}'),
    owner: '',
    webhook: '',
    ttlMs,
    ...over,
  };
}

export function response(over: Partial<StoredResponse> = {}): StoredResponse {
  return { status: 200, headers: ['Content-Type', 'text/plain'], body: Buffer.from('answer'), ...over };
}

/** Claims one request and insists that there is one. */
export async function claimOne(store: Store, worker = 'test'): Promise<Claim> {
  const { claims } = await store.claim({ max: 1, worker, leaseMs });
  if (claims[0] === undefined) throw new Error('nothing to claim');
  return claims[0];
}

export async function claimNone(store: Store): Promise<boolean> {
  return (await store.claim({ max: 1, worker: 'test', leaseMs })).claims.length === 0;
}

export async function submitAndClaim(
  store: Store,
  over: Partial<Submission> = {},
): Promise<{ readonly claim: Claim; readonly id: string }> {
  const request = submission(over);
  await store.submit(request);
  return { claim: await claimOne(store), id: request.id };
}

/** The stored answer of a request in all its pieces. */
export async function storedAnswer(store: Store, id: string) {
  const result = await store.result(id);
  if (result.kind !== 'answered') throw new Error(`${id} is ${result.kind}`);
  const { rest, status } = result;
  const pieces: Uint8Array[] = [result.response.body];
  for (let at = rest?.at ?? 0; rest !== null && at < rest.end; at += pieces.at(-1)?.byteLength ?? 0) {
    const piece = await store.readRest({ ...rest, at });
    if (piece === null) throw new Error(`${id} is gone`);
    pieces.push(piece);
  }
  return { pieces, rest, status };
}
