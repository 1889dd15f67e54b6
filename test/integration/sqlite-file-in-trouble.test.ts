// The embedded store's file: damaged, not a database, in use, another deployment's, on a full disk. Each says what to do.
import { copyFileSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { StoreLimits } from '../../sidecar/store/limits.ts';
import { createStore } from '../../sidecar/store/open-store.ts';
import type { Submission } from '../../sidecar/store/record.ts';
import { Database } from '../../sidecar/store/sqlite/database.ts';
import { GroupCommit } from '../../sidecar/store/sqlite/group-commit.ts';
import { submit } from '../../sidecar/store/sqlite/intake.ts';
import { Ledger } from '../../sidecar/store/sqlite/ledger.ts';
import { sweep } from '../../sidecar/store/sqlite/sweep.ts';
import type { Store } from '../../sidecar/store/store.ts';
import { StoreError } from '../../sidecar/store/store.ts';
import { claimOne, response, submission } from '../support/stores.ts';

let directory = '';
const stores: Store[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'test-file-'));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const limits: StoreLimits = {
  retentionMs: 60_000,
  maxQueue: 100_000,
  maxStoredBytes: 0,
  maxAttempts: 3,
  sweepMax: 100,
  observer: { storeLatency: () => undefined, storeError: () => undefined },
  warn: () => undefined,
};

async function make(url = '', name = 'one'): Promise<Store> {
  const store = await createStore({ url, password: '', dataDir: directory, namespace: 'default', name }, limits);
  stores.push(store);
  return store;
}

async function opened(url = '', name = 'one'): Promise<Store> {
  const store = await make(url, name);
  await store.open();
  return store;
}

it('what was accepted is there after the file is opened again, and what ran is queued at the next sweep', async () => {
  const first = await opened();
  const [running, waiting] = [submission(), submission()];
  await first.submit(running);
  await first.submit(waiting);
  const lost = await claimOne(first);
  await first.close();
  const second = await opened();
  expect(await second.sweep()).toMatchObject({ leasesTakenBack: 1 });
  expect(await second.status(running.id)).toMatchObject({ state: 'queued', attempts: 1, position: 0 });
  expect(await second.status(waiting.id)).toMatchObject({ state: 'queued', position: 1 });
  expect(await second.complete(lost, response())).toBe(false);
  expect(await second.figures()).toMatchObject({ queued: 2, running: 0 });
});

it('a clock that is set while it runs ends no lease and no request', async () => {
  const store = await opened();
  const [running, waiting] = [submission(), submission()];
  await store.submit(running);
  const claim = await claimOne(store);
  await store.submit(waiting);
  const clock = vi.spyOn(Date, 'now');
  try {
    for (const jumpMs of [86_400_000, -86_400_000]) {
      clock.mockReturnValue(performance.timeOrigin + performance.now() + jumpMs);
      expect(await store.sweep()).toMatchObject({ expired: [], leasesTakenBack: 0, removed: 0 });
      expect(await store.renew([claim], 30_000)).toEqual(['held']);
    }
    const { id } = await claimOne(store);
    expect(id).toBe(waiting.id);
  } finally {
    clock.mockRestore();
  }
});

it('makes the directories of its file', async () => {
  const store = await opened(`sqlite://${directory}/a/b/store.db`);
  expect(await store.submit(submission())).toMatchObject({ kind: 'accepted' });
});

it('a file that is no database is named, with what to do', async () => {
  writeFileSync(join(directory, 'one.db'), 'this is a letter, not a database '.repeat(100));
  await expect(opened()).rejects.toThrow(/one\.db is not an SQLite database: move it away/);
});

it('a damaged file is told apart from one that is away', async () => {
  const first = await opened();
  for (let i = 0; i < 200; i++) await first.submit(submission({ id: `id-${i}`, body: Buffer.alloc(1000) }));
  await first.close();
  const file = await open(join(directory, 'one.db'), 'r+');
  await file.write(Buffer.alloc(40_960, 0xff), 0, 40_960, 4096);
  await file.close();
  const error = await opened().then(
    async (store) =>
      store.submit(submission({ id: 'id-7' })).then(
        () => undefined,
        (reason: unknown) => reason,
      ),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).message).toMatch(/is damaged: move it away/);
});

it('a file in use by another sidecar is refused', async () => {
  await opened();
  await expect(opened()).rejects.toThrow(/in use by another process/);
});

it('a file of another deployment is refused', async () => {
  const url = `sqlite://${directory}/shared.db`;
  await (await opened(url, 'one')).close();
  await expect(opened(url, 'two')).rejects.toThrow(/belongs to deployment default\/one, not default\/two/);
});

it('a directory that cannot be made is named', async () => {
  writeFileSync(join(directory, 'file'), '');
  await expect(opened(`sqlite://${directory}/file/store.db`)).rejects.toThrow(/file\/store\.db/);
});

it('a full disk refuses new work with the reason, loses nothing, and accepts again when there is room', async () => {
  const database = Database.open(join(directory, 'full.db'), 'default/one');
  const ledger = new Ledger(database, limits);
  const group = new GroupCommit(database, ledger, limits.observer);
  const add = (request: Submission) => group.do('submit', () => submit(ledger, request, -1));
  const [first, small, large] = [submission(), submission(), submission({ body: Buffer.alloc(4_000_000) })];
  await add(first);
  // SQLite's own limit on the file gives the same error as a disk without room.
  database.exec('PRAGMA max_page_count = 100');
  // The small one of the same commit is refused too: it was not acknowledged.
  const refused = await Promise.allSettled([add(small), add(large)]);
  expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(group.error).toMatch(/full\.db cannot grow: the disk is full/);
  expect(ledger.find(first.id)).toMatchObject({ state: 'queued' });
  expect(ledger.memory.line.length).toBe(1);
  expect(ledger.find(small.id)).toBeUndefined();
  database.exec('PRAGMA max_page_count = 1000000');
  expect(await add(large)).toEqual({ kind: 'accepted', position: 1 });
  expect(group.error).toBeNull();
  database.close();
});

it('where the log cannot be flushed the file itself takes what was accepted', async () => {
  const store = await opened();
  // SQLite has it open and goes on writing to it; nobody will ever find it again.
  unlinkSync(join(directory, 'one.db-wal'));
  const request = submission();
  expect(await store.submit(request)).toMatchObject({ kind: 'accepted' });
  copyFileSync(join(directory, 'one.db'), join(directory, 'copy.db'));
  const successor = await opened(`sqlite://${directory}/copy.db`);
  expect(await successor.submit(request)).toEqual({ kind: 'duplicate' });
  expect((await claimOne(successor)).id).toBe(request.id);
});

it('what the disk did not take is not acknowledged, also not when it is sent again, until the disk takes it', async () => {
  const database = Database.open(join(directory, 'failing.db'), 'default/one');
  const ledger = new Ledger(database, limits);
  const group = new GroupCommit(database, ledger, limits.observer);
  const flushes: ((error: Error | null) => void)[] = [];
  database.flush = (done) => flushes.push(done);
  const request = submission();
  const add = () => group.do('submit', () => submit(ledger, request, -1));
  for (const count of [1, 2]) {
    const submitted = add();
    await expect.poll(() => flushes.length).toBe(count);
    const read = group.flushed();
    flushes.at(-1)?.(new Error('EIO: i/o error, fdatasync'));
    await expect(submitted).rejects.toThrow(/failing\.db EIO/);
    await read;
    expect(group.error).toMatch(/EIO/);
  }
  const again = add();
  await expect.poll(() => flushes.length).toBe(3);
  expect(group.error).toMatch(/EIO/);
  flushes.at(-1)?.(null);
  expect(await again).toEqual({ kind: 'duplicate' });
  expect(group.error).toBeNull();
  database.close();
});

it('readers wait for the flush of what they saw, not for those that follow without end', async () => {
  const store = await opened();
  let isOver = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) await store.submit(submission());
  });
  const request = submission();
  await store.submit(request);
  for (let i = 0; i < 20; i++) expect(await store.status(request.id)).toMatchObject({ state: 'queued' });
  isOver = true;
  await Promise.all(load);
});

it('what changes nothing does not touch the disk, but a repeated submission waits for the first one', async () => {
  const database = Database.open(join(directory, 'quiet.db'), 'default/one');
  const ledger = new Ledger(database, limits);
  const group = new GroupCommit(database, ledger, limits.observer);
  const flushes: ((error: Error | null) => void)[] = [];
  database.flush = (done) => flushes.push(done);
  expect(await group.do('sweep', () => sweep(ledger))).toMatchObject({ expired: [], removed: 0 });
  expect(flushes).toHaveLength(0);
  const request = submission();
  const told: string[] = [];
  const add = () => group.do('submit', () => submit(ledger, request, -1)).then(({ kind }) => told.push(kind));
  const first = add();
  await expect.poll(() => flushes.length).toBe(1);
  const second = add();
  await group.do('claim', () => undefined, false);
  expect(told).toEqual([]);
  flushes[0]?.(null);
  await Promise.all([first, second]);
  expect(told).toEqual(['accepted', 'duplicate']);
  expect(flushes).toHaveLength(1);
  database.close();
});
