// Random interleavings of submit, claim, renew, crash, expire, cancel, complete, fail, drain and replay over several workers:
// both stores say at every moment what the state table says. The seed is printed; SEED=... repeats a run.
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Lease, Store } from '../../sidecar/store/store.ts';
import { StoreModel } from '../support/store-model.ts';
import { describeStores, type HandClock, response, type StoreKit, submission } from '../support/stores.ts';

const limits = { leaseMs: 1000, retentionMs: 5000, maxAttempts: 3, maxQueue: 4 } as const;
const ids = Array.from({ length: 5 }, (_, i) => `request-${i}`);
const numRuns = Number(process.env.RUNS ?? 2000);

const anId = fc.constantFrom(...ids);
const aWorker = fc.nat({ max: 2 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      id: anId,
      body: fc.constantFrom('a', 'b'),
      ttlMs: fc.constantFrom(700, 3000, 60_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('claim' as const), worker: aWorker, max: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('renew' as const, 'drain' as const, 'crash' as const),
      worker: aWorker,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('complete' as const, 'handBack' as const, 'giveUp' as const),
      worker: aWorker,
      nth: fc.nat({ max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      worker: aWorker,
      nth: fc.nat({ max: 4 }),
      afterMs: fc.constantFrom(0, 400, 2000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('cancel' as const, 'replay' as const), id: anId, newId: anId }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 399, 1000, 3000, 5000) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('sweep' as const, 'restart' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

describeStores(
  'any interleaving of steps',
  (kit) => {
    it(`follows the state table (${numRuns} runs)`, async () => {
      const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
      console.log(`${kit().kind}: seed ${seed}, ${numRuns} runs`);
      const bench = await Bench.open(kit());
      let steps = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24, size: 'max' }), async (plan) => {
          steps += plan.length;
          await bench.play(plan);
        }),
        { seed, numRuns, endOnFailure: false },
      );
      console.log(`${kit().kind}: ${steps} steps`);
    });
  },
  {},
  existsSync('/dev/shm') ? '/dev/shm' : undefined,
);

/** Three workers over the stores of one deployment; with Redis each has its own connection, as replicas have. */
class Bench {
  readonly #kit: StoreKit;
  readonly #clock: HandClock;
  #stores: readonly Store[];
  #model = new StoreModel(limits, 0);
  #leases: Lease[][] = [];
  #ghosts: Lease[] = [];
  #answers = 0;

  private constructor(kit: StoreKit, stores: readonly Store[]) {
    this.#kit = kit;
    this.#clock = kit.clock;
    this.#stores = stores;
  }

  static async open(kit: StoreKit): Promise<Bench> {
    return new Bench(kit, await openAll(kit));
  }

  async play(plan: readonly Step[]): Promise<void> {
    this.#model = new StoreModel(limits, this.#clock.nowMs());
    this.#leases = [[], [], []];
    this.#ghosts = [];
    try {
      for (const one of plan) {
        await this.#do(one);
        await this.#compare();
      }
    } finally {
      // Also what a failed run left behind: it must not fail the shorter ones that fast-check tries next.
      await this.#cleanUp();
    }
    expect(await this.#store(0).figures()).toMatchObject({ queued: 0, running: 0, deadLetters: 0, storedBytes: 0 });
  }

  #store(worker: number): Store {
    return this.#stores[worker % this.#stores.length] as Store;
  }

  async #do(one: Step): Promise<void> {
    const model = this.#model;
    const store = this.#store(0);
    switch (one.do) {
      case 'submit': {
        const { id, body, ttlMs } = one;
        const outcome = await store.submit(submission({ id, body: Buffer.from(body), ttlMs }));
        expect(outcome.kind).toBe(model.submit(id, body, ttlMs));
        return;
      }
      case 'claim':
        return this.#claim(one.worker, one.max);
      case 'advance':
        this.#clock.advance(one.ms);
        model.nowMs = this.#clock.nowMs();
        return;
      case 'sweep':
        await store.sweep();
        return model.sweep();
      case 'cancel':
        expect(await store.cancel(one.id)).toBe(model.cancel(one.id));
        return;
      case 'replay':
        if (one.id === one.newId) return;
        expect((await store.replay(one.id, one.newId))?.kind ?? null).toBe(model.replay(one.id, one.newId));
        return;
      case 'restart':
        return this.#restart();
      case 'crash':
        this.#ghosts.push(...(this.#leases[one.worker]?.splice(0) ?? []));
        return;
      case 'renew': {
        const leases = [...(this.#leases[one.worker] ?? []), ...this.#ghosts];
        if (leases.length === 0) return;
        const wanted = leases.map(({ id, token }) => model.renew(id, token));
        expect(await this.#store(one.worker).renew(leases, limits.leaseMs)).toEqual(wanted);
        return;
      }
      case 'drain':
        for (const lease of this.#leases[one.worker]?.splice(0) ?? []) await this.#handBack(one.worker, lease);
        return;
      default:
        return this.#end(one);
    }
  }

  async #claim(worker: number, max: number): Promise<void> {
    const { claims } = await this.#store(worker).claim({ max, worker: `worker-${worker}`, leaseMs: limits.leaseMs });
    const seen = claims.map(({ id, submission: { body }, attempt }) => ({
      id,
      body: Buffer.from(body).toString(),
      attempt,
    }));
    expect(seen).toEqual(this.#model.claim(max));
    for (const { id, token } of claims) {
      this.#model.takeToken(id, token);
      this.#leases[worker]?.push({ id, token });
    }
  }

  /** Also with leases that were lost: the model knows what may still count. */
  async #end(one: Extract<Step, { nth: number }>): Promise<void> {
    const candidates = [...(this.#leases[one.worker] ?? []), ...this.#ghosts];
    const lease = candidates[one.nth % Math.max(candidates.length, 1)];
    if (lease === undefined) return;
    const { id, token } = lease;
    const store = this.#store(one.worker);
    if (one.do === 'handBack') return this.#handBack(one.worker, lease);
    if (one.do === 'complete') {
      const answer = `answer ${++this.#answers}`;
      const wanted = this.#model.complete(id, token, answer);
      expect(await store.complete(lease, response({ body: Buffer.from(answer) }))).toBe(wanted);
    } else {
      const afterMs = one.do === 'fail' ? one.afterMs : null;
      expect(await store.fail(lease, 'upstream_reset: gone', afterMs)).toBe(this.#model.fail(id, token, afterMs));
    }
  }

  async #handBack(worker: number, lease: Lease): Promise<void> {
    const wanted = this.#model.handBack(lease.id, lease.token);
    expect(await this.#store(worker).handBack(lease)).toBe(wanted);
  }

  /** Redis' replicas come and go without a trace; a file's one replica takes its leases back. */
  async #restart(): Promise<void> {
    this.#ghosts.push(...this.#leases.flatMap((leases) => leases.splice(0)));
    if (this.#kit.kind === 'redis') return;
    await this.#store(0).close();
    this.#stores = await openAll(this.#kit);
    this.#model.restart();
  }

  async #compare(): Promise<void> {
    const store = this.#store(1);
    const [figures, ...seen] = await Promise.all([store.figures(), ...ids.map((id) => store.result(id))]);
    for (const [i, found] of seen.entries()) {
      const id = ids[i] as string;
      const wanted = this.#model.see(id);
      if (found.kind === 'not_found') {
        expect(wanted, id).toBeNull();
        continue;
      }
      const { state, outcome, attempts, position, error } = found.status;
      expect({ state, outcome, attempts, position }, id).toEqual(wanted);
      expect(error === null, id).toBe(state !== 'done' || outcome === 'answered');
      const answer = found.kind === 'answered' ? Buffer.from(found.response.body).toString() : null;
      expect(answer, id).toBe(this.#model.answerOf(id));
    }
    const { queued, running, deadLetters } = figures;
    // A done record past its retention is gone for readers but counted until it is swept.
    expect({ queued, running, deadLetters }).toEqual(this.#model.counts());
  }

  async #cleanUp(): Promise<void> {
    const store = this.#store(0);
    for (let i = 0; i < 2; i++) await Promise.all(ids.map((id) => store.cancel(id)));
    this.#clock.advance(limits.retentionMs);
    await store.sweep();
  }
}

async function openAll(kit: StoreKit): Promise<readonly Store[]> {
  const { retentionMs, maxAttempts, maxQueue } = limits;
  const open = (): Promise<Store> => kit.open({ retentionMs, maxAttempts, maxQueue });
  return kit.kind === 'sqlite' ? [await open()] : Promise.all([open(), open(), open()]);
}
