// A disk that our own queue fills: new work is refused while there is still room to finish, cancel and remove what is there.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DiskSpace, StoreLimits } from '../../sidecar/store/limits.ts';
import { createStore } from '../../sidecar/store/open-store.ts';
import { type Store, StoreError } from '../../sidecar/store/store.ts';
import { claimOne, response, submission } from '../support/stores.ts';

const MIB = 1024 * 1024;
let directory = '';
let store: Store;
let disk: DiskSpace;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'test-disk-'));
  disk = { freeBytes: 1000 * MIB, totalBytes: 2000 * MIB };
  const limits: StoreLimits = {
    retentionMs: 60_000,
    maxQueue: 1000,
    maxStoredBytes: 0,
    maxAttempts: 3,
    sweepMax: 100,
    observer: { storeLatency: () => undefined, storeError: () => undefined },
    warn: () => undefined,
    diskOf: () => disk,
  };
  const address = { url: '', password: '', dataDir: directory, namespace: 'default', name: 'one' };
  store = await createStore(address, limits);
  await store.open();
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const large = () => submission({ body: Buffer.alloc(2 * MIB) });

it('new work is refused with the reason, and the rest goes on', async () => {
  const [first, second] = [large(), large()];
  await store.submit(first);
  await store.submit(second);
  disk = { ...disk, freeBytes: 9 * MIB };
  const refused = await store.submit(large()).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StoreError);
  expect(String(refused)).toMatch(/one\.db cannot grow: the disk is nearly full/);
  expect(await store.submit(submission())).toMatchObject({ kind: 'accepted' });
  const claim = await claimOne(store);
  expect(await store.complete(claim, response())).toBe(true);
  expect(await store.cancel(second.id)).toBe('canceled');
  expect(await store.cancel(first.id)).toBe('deleted');
});

it('answers to what was accepted may take from what new work may not', async () => {
  await store.submit(submission());
  const claim = await claimOne(store);
  disk = { ...disk, freeBytes: 7 * MIB };
  await expect(store.submit(large())).rejects.toThrow('nearly full');
  expect(await store.complete(claim, { ...response(), body: Buffer.alloc(MIB) })).toBe(true);
});

it('what is freed inside the file is room again', async () => {
  const requests = [large(), large(), large()];
  for (const request of requests) await store.submit(request);
  disk = { ...disk, freeBytes: 9 * MIB };
  await expect(store.submit(large())).rejects.toThrow('nearly full');
  for (const { id } of requests) await store.cancel(id);
  expect(await store.submit(large())).toMatchObject({ kind: 'accepted' });
});

it('the same request sent again is no new work', async () => {
  const request = large();
  await store.submit(request);
  disk = { ...disk, freeBytes: 0 };
  expect(await store.submit(request)).toEqual({ kind: 'duplicate' });
  await expect(store.submit(submission())).rejects.toThrow('nearly full');
});

it('an answer too large for what is left waits, and gets in when there is room', async () => {
  await store.submit(submission());
  const claim = await claimOne(store);
  disk = { ...disk, freeBytes: 9 * MIB };
  const answer = { ...response(), body: Buffer.alloc(4 * MIB) };
  await expect(store.complete(claim, answer)).rejects.toThrow('nearly full');
  disk = { ...disk, freeBytes: 1000 * MIB };
  expect(await store.complete(claim, answer)).toBe(true);
});
