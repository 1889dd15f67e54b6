// How often the store is looked at for clients that wait: as often for a thousand as for one.
import { expect, test } from 'vitest';
import type { QueuedStatus } from '../../sidecar/queue/queue.ts';
import { RequestWatcher } from '../../sidecar/queue/request-watcher.ts';
import { StoreError } from '../../sidecar/store/store.ts';
import { ManualClock } from '../support/manual-clock.ts';

const never = new AbortController().signal;

/** A store that counts what it is asked. */
class CountingStore {
  readonly looks: string[] = [];
  readonly polls: (readonly string[])[] = [];
  readonly listeners = new Map<string, Set<() => void>>();
  position = 7;
  isAway = false;

  readonly status = async (id: string): Promise<QueuedStatus> => {
    this.looks.push(id);
    return this.#statusOf(id);
  };

  readonly statuses = async (ids: readonly string[]): Promise<readonly QueuedStatus[]> => {
    this.polls.push(ids);
    return ids.map((id) => this.#statusOf(id));
  };

  readonly onChange = (id: string, listener: () => void) => this.#listen(`change ${id}`, listener);
  readonly onStream = (id: string, listener: () => void) => this.#listen(`stream ${id}`, listener);

  tell(key: string): void {
    for (const listener of this.listeners.get(key) ?? []) listener();
  }

  #listen(key: string, listener: () => void): () => void {
    const all = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, all.add(listener));
    return () => {
      all.delete(listener);
      if (all.size === 0) this.listeners.delete(key);
    };
  }

  #statusOf(id: string): QueuedStatus {
    if (this.isAway) throw new StoreError('away');
    const times = { createdAtMs: 0, deadlineAtMs: 1, startedAtMs: null, completedAtMs: null };
    const { position } = this;
    const state = { state: 'queued', outcome: null, error: null, position, attempts: 0, ...times } as const;
    return { id, mode: 'async', owner: '', ...state, estimatedWaitSeconds: null };
  }
}

function watched() {
  const [store, clock] = [new CountingStore(), new ManualClock()];
  return { store, clock, watcher: new RequestWatcher(clock, store) };
}

/** So many clients of one request, each told of every change of its position. */
function clients(watcher: RequestWatcher, count: number, id = 'one', wants: 'status' | 'stream' = 'status') {
  const seen: (number | null)[][] = [];
  const watches = Array.from({ length: count }, (_, i) => {
    const watch = watcher.watch(id, wants);
    const positions: (number | null)[] = [];
    seen[i] = positions;
    void (async () => {
      for (;;) {
        positions.push((await watch.status())?.position ?? null);
        await watch.changed(never);
      }
    })();
    return watch;
  });
  return { seen, watches };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Time passes in steps of a second, as it does for a poll whose answers come in between. */
async function pass(clock: ManualClock, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    clock.advance(1000);
    await settled();
  }
}

test.each([1, 1000])(
  '%i clients of a request: one look when they come, one at a change, one each five seconds',
  async (count) => {
    const { store, clock, watcher } = watched();
    const { seen } = clients(watcher, count);
    await settled();
    expect(store.looks).toHaveLength(1);
    await pass(clock, 60);
    expect(store.polls.length).toBeGreaterThanOrEqual(10);
    expect(store.polls.length).toBeLessThanOrEqual(12);
    expect(store.looks).toHaveLength(1);
    store.tell('change one');
    await settled();
    expect(store.looks).toHaveLength(2);
    expect(store.listeners.get('change one')?.size).toBe(1);
    // Nothing changed at the polls, and nobody was woken by them.
    expect(seen.every((positions) => positions.length === 2)).toBe(true);
  },
);

test('a position that changes without a word is told within some seconds', async () => {
  const { store, clock, watcher } = watched();
  const { seen } = clients(watcher, 3);
  await settled();
  store.position = 4;
  await pass(clock, 6);
  expect(seen).toEqual([
    [7, 4],
    [7, 4],
    [7, 4],
  ]);
});

test('growth of a stream wakes those who follow it, and costs no look at the status', async () => {
  const { store, watcher } = watched();
  const waiting = clients(watcher, 10);
  const following = clients(watcher, 10, 'one', 'stream');
  await settled();
  store.tell('stream one');
  await settled();
  expect(store.looks).toHaveLength(1);
  expect(waiting.seen.map(({ length }) => length)).toEqual(new Array(10).fill(1));
  expect(following.seen.map(({ length }) => length)).toEqual(new Array(10).fill(2));
});

test('of very many requests some are looked at in each poll, all in their turn', async () => {
  const { store, clock, watcher } = watched();
  for (let i = 0; i < 1000; i++) clients(watcher, 1, `request-${i}`);
  await settled();
  await pass(clock, 16);
  expect(Math.max(...store.polls.map(({ length }) => length))).toBe(100);
  expect(new Set(store.polls.flat()).size).toBe(1000);
});

test('a change between a look and the wait for it is not missed', async () => {
  const { store, watcher } = watched();
  const watch = watcher.watch('one', 'status');
  await watch.status();
  store.tell('change one');
  await watch.changed(never);
  await watch.status();
  expect(store.looks).toHaveLength(2);
});

test('when the last client has gone nothing is left of it: no listener, and in the end no timer', async () => {
  const { store, clock, watcher } = watched();
  const { watches } = clients(watcher, 5, 'one', 'stream');
  await settled();
  for (const watch of watches) watch.close();
  await pass(clock, 2);
  expect([store.listeners.size, clock.timers, store.polls.length]).toEqual([0, 0, 0]);
});

test('a store that is away fails the look of a newcomer, and ends no wait', async () => {
  const { store, clock, watcher } = watched();
  const { seen } = clients(watcher, 1);
  await settled();
  store.isAway = true;
  await pass(clock, 20);
  await expect(watcher.watch('two', 'status').status()).rejects.toThrow('away');
  store.isAway = false;
  store.position = 1;
  await pass(clock, 10);
  expect(seen).toEqual([[7, 1]]);
});
