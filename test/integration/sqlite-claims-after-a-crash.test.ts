// What a claim gave out is one row of the file: a sidecar that dies counts the attempts of what ran, and of nothing else, however
// far the rest of that claim had come. Content of any size is found again.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StoreLimits } from '../../sidecar/store/limits.ts';
import { createStore } from '../../sidecar/store/open-store.ts';
import type { Claim, Store } from '../../sidecar/store/store.ts';
import { claimOne, leaseMs, response, submission } from '../support/stores.ts';

let directory = '';
let nowMs = 1_800_000_000_000;
const stores: Store[] = [];
const limits: StoreLimits = {
  retentionMs: 60_000,
  maxQueue: 1000,
  maxStoredBytes: 0,
  maxAttempts: 3,
  sweepMax: 100,
  observer: { storeLatency: () => undefined, storeError: () => undefined },
  warn: () => undefined,
  nowMs: () => nowMs,
};
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'test-claims-'));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function open(name: number): Promise<Store> {
  const url = `sqlite://${directory}/${name}.db`;
  const store = await createStore({ url, password: '', dataDir: '', namespace: 'default', name: 'one' }, limits);
  stores.push(store);
  await store.open();
  return store;
}

/** What a successor finds: the file and its log as they are while the first one still has them open. */
async function afterCrash(name: number): Promise<Store> {
  for (const part of ['.db', '.db-wal']) {
    copyFileSync(join(directory, `${name}${part}`), join(directory, `${name + 1}${part}`));
  }
  return open(name + 1);
}

async function claimAll(store: Store, count: number): Promise<readonly Claim[]> {
  const { claims } = await store.claim({ max: count, worker: 'test', leaseMs });
  expect(claims).toHaveLength(count);
  return claims;
}

const ids = ['answered', 'failing', 'delayed', 'handed-back', 'canceled', 'running', 'also-running'] as const;

it('counts the attempts that were cut short, and no others of the same claim', async () => {
  const first = await open(1);
  for (const id of ids) await first.submit(submission({ id }));
  const [answered, failing, delayed, handedBack] = (await claimAll(first, ids.length)) as readonly [
    Claim,
    Claim,
    Claim,
    Claim,
  ];
  await first.complete(answered, response());
  await first.fail(failing, 'x: y', 0);
  await first.fail(delayed, 'x: y', 1000);
  await first.handBack(handedBack);
  await first.cancel('canceled');
  const second = await afterCrash(1);
  expect(await second.figures()).toMatchObject({ queued: 3, running: 2 });
  const seen = await Promise.all(ids.map((id) => second.status(id)));
  expect(seen.map((status) => [status?.state, status?.attempts, status?.startedAtMs])).toEqual([
    ['done', 1, nowMs],
    ['queued', 1, nowMs],
    ['queued', 1, nowMs],
    ['queued', 0, nowMs],
    ['done', 1, nowMs],
    ['running', 1, nowMs],
    ['running', 1, nowMs],
  ]);
  expect(await second.sweep()).toMatchObject({ leasesTakenBack: 2, deadLettered: [] });
  nowMs += 1000;
  const again = await claimAll(second, 5);
  expect(again.map(({ id, attempt }) => [id, attempt])).toEqual([
    ['failing', 2],
    ['delayed', 2],
    ['handed-back', 1],
    ['running', 2],
    ['also-running', 2],
  ]);
});

it('does not run what kills its sidecar more often than allowed', async () => {
  let store = await open(1);
  await store.submit(submission({ id: 'killer' }));
  for (let attempt = 1; attempt <= limits.maxAttempts; attempt++) {
    expect(await claimOne(store)).toMatchObject({ id: 'killer', attempt });
    store = await afterCrash(attempt);
    const isLast = attempt === limits.maxAttempts;
    expect(await store.sweep()).toMatchObject({ leasesTakenBack: 1, deadLettered: isLast ? ['killer'] : [] });
  }
  expect(await store.status('killer')).toMatchObject({
    state: 'done',
    outcome: 'failed',
    attempts: limits.maxAttempts,
  });
  expect(await store.replay('killer', 'again')).toMatchObject({ kind: 'accepted' });
  expect(await claimOne(store)).toMatchObject({ id: 'again', attempt: 1 });
});

it('takes a new request at a place that was freed for no running one', async () => {
  const first = await open(1);
  for (const id of ['stays', 'goes']) await first.submit(submission({ id }));
  const [, goes] = (await claimAll(first, 2)) as readonly [Claim, Claim];
  await first.complete(goes, response());
  expect(await first.cancel('goes')).toBe('deleted');
  const second = await afterCrash(1);
  await second.submit(submission({ id: 'new' }));
  const third = await afterCrash(2);
  expect(await third.figures()).toMatchObject({ queued: 1, running: 1 });
  expect(await third.status('new')).toMatchObject({ state: 'queued', attempts: 0 });
});

it('keeps content of any size apart or in the row, and forgets it with its request', async () => {
  const first = await open(1);
  const sizes = [0, 100, 900, 1024, 1900, 2048, 2100, 5000, 100_000];
  const body = (size: number, letter: string) => Buffer.alloc(size, letter);
  for (const size of sizes) await first.submit(submission({ id: `size-${size}`, body: body(size, 'q') }));
  const second = await afterCrash(1);
  for (const size of sizes) {
    const claim = await claimOne(second);
    expect(Buffer.from(claim.submission.body).equals(body(size, 'q'))).toBe(true);
    if (size % 1000 === 0) await second.fail(claim, 'x: y', null);
    else await second.complete(claim, response({ body: body(size, 'a') }));
  }
  const third = await afterCrash(2);
  for (const size of sizes) {
    const result = await third.result(`size-${size}`);
    if (size % 1000 !== 0) {
      expect(result.kind === 'answered' && Buffer.from(result.response.body).equals(body(size, 'a'))).toBe(true);
      continue;
    }
    expect(await third.replay(`size-${size}`, `again-${size}`)).toMatchObject({ kind: 'accepted' });
    const claim = await claimOne(third);
    expect(Buffer.from(claim.submission.body).equals(body(size, 'q'))).toBe(true);
    await third.complete(claim, response());
  }
  nowMs += 60_000;
  expect(await third.sweep()).toMatchObject({ removed: sizes.length + 3 });
  expect(await third.figures()).toMatchObject({ queued: 0, running: 0, deadLetters: 0, storedBytes: 0 });
});
