// Which id is at which place is in memory alone: whenever the sidecar dies, its successor knows every request by its id, and knows
// nothing of those that were removed.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StoreLimits } from '../../sidecar/store/limits.ts';
import { createStore } from '../../sidecar/store/open-store.ts';
import type { Submission } from '../../sidecar/store/record.ts';
import type { Store } from '../../sidecar/store/store.ts';
import { submission } from '../support/stores.ts';

// In memory where that can be: what is lost with the power is not what is tested.
const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'test-ids-'));
const limits: StoreLimits = {
  retentionMs: 60_000,
  maxQueue: 1_000_000,
  maxStoredBytes: 0,
  maxAttempts: 3,
  sweepMax: 100,
  observer: { storeLatency: () => undefined, storeError: () => undefined },
  warn: () => undefined,
};
let store: Store;
let crashes = 0;

async function open(name: string): Promise<Store> {
  const url = `sqlite://${directory}/${name}.db`;
  const opened = await createStore({ url, password: '', dataDir: '', namespace: 'default', name: 'one' }, limits);
  await opened.open();
  return opened;
}

/** What a successor finds: the file and its log as they are while the first one still has them open. */
async function afterCrash(): Promise<Store> {
  const name = `crash-${++crashes}`;
  for (const part of ['.db', '.db-wal'])
    copyFileSync(join(directory, `first${part}`), join(directory, `${name}${part}`));
  return open(name);
}

beforeAll(async () => {
  store = await open('first');
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

it('every id is known again', { timeout: 120_000 }, async () => {
  const kept = new Map<string, Submission>();
  const removed: string[] = [];
  // Thousands, so that what is in memory grows several times.
  for (const count of [500, 3700, 100, 2900, 4200]) {
    const requests = Array.from({ length: count }, () => submission());
    for (let at = 0; at < count; at += 100) {
      await Promise.all(requests.slice(at, at + 100).map((request) => store.submit(request)));
    }
    for (const request of requests) kept.set(request.id, request);
    const gone = [...kept.keys()].filter((_, i) => i % 50 === 7);
    for (const id of gone) {
      expect(await store.cancel(id)).toBe('canceled');
      expect(await store.cancel(id)).toBe('deleted');
      kept.delete(id);
      removed.push(id);
    }
    const successor = await afterCrash();
    expect((await successor.figures()).queued).toBe(kept.size);
    for (const known of [store, successor]) {
      const outcomes = await Promise.all([...kept.values()].map((request) => known.submit(request)));
      expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['duplicate']));
      expect((await Promise.all(removed.map((id) => known.status(id)))).filter((status) => status !== null)).toEqual(
        [],
      );
    }
    const again = submission({ id: removed[0] });
    expect(await successor.submit(again)).toMatchObject({ kind: 'accepted' });
    await successor.close();
  }
});
