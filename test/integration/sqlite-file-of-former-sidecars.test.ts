// An upgraded sidecar finds what its predecessor accepted: a file of version 1 with a request in every state, written here as that
// version wrote it, is taken over whole. One of a later version is refused.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createStore } from '../../sidecar/store/open-store.ts';
import { encodeAnswer, encodeRequest, fingerprintOf } from '../../sidecar/store/payload.ts';
import { Database } from '../../sidecar/store/sqlite/database.ts';
import type { Store } from '../../sidecar/store/store.ts';
import { claimOne, response, submission } from '../support/stores.ts';

const version1 = `
CREATE TABLE requests (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('queued', 'delayed', 'running', 'done')),
  mode TEXT NOT NULL,
  owner TEXT NOT NULL,
  webhook TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  token TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  deadline_at INTEGER NOT NULL,
  expires_at INTEGER,
  due_at INTEGER,
  lease_until INTEGER,
  started_at INTEGER,
  completed_at INTEGER,
  remove_at INTEGER,
  outcome TEXT,
  error TEXT NOT NULL DEFAULT '',
  is_dead INTEGER NOT NULL DEFAULT 0,
  delivery_due_at INTEGER,
  delivery_attempts INTEGER NOT NULL DEFAULT 0,
  stream_head INTEGER,
  stream_last INTEGER NOT NULL DEFAULT 0,
  payload_bytes INTEGER NOT NULL,
  answer_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX waiting ON requests (seq) WHERE state = 'queued';
CREATE INDEX delayed ON requests (due_at) WHERE state = 'delayed';
CREATE INDEX leases ON requests (lease_until) WHERE state = 'running';
CREATE INDEX deadlines ON requests (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX retained ON requests (remove_at) WHERE remove_at IS NOT NULL;
CREATE INDEX dead_letters ON requests (completed_at) WHERE is_dead = 1;
CREATE INDEX deliveries ON requests (delivery_due_at) WHERE delivery_due_at IS NOT NULL;
CREATE TABLE payloads (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE answers (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE stream_pieces (
  seq INTEGER NOT NULL, sequence INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (seq, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO about VALUES ('schema', '1'), ('deployment', 'default/one');
`;

let directory = '';
let path = '';
let nowMs = 1_800_000_000_000;
const stores: Store[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'test-former-'));
  path = join(directory, 'one.db');
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function open(name = 'one'): Promise<Store> {
  const limits = {
    retentionMs: 60_000,
    maxQueue: 1000,
    maxStoredBytes: 0,
    maxAttempts: 3,
    sweepMax: 100,
    observer: { storeLatency: () => undefined, storeError: () => undefined },
    warn: () => undefined,
    nowMs: () => nowMs,
  };
  const address = { url: `sqlite://${path}`, password: '', dataDir: '', namespace: 'default', name };
  const store = await createStore(address, limits);
  stores.push(store);
  await store.open();
  return store;
}

const requests = {
  queued: submission({ id: 'queued' }),
  delayed: submission({ id: 'delayed' }),
  running: submission({ id: 'running' }),
  answered: submission({ id: 'answered', webhook: 'https://example.com/x' }),
  dead: submission({ id: 'dead' }),
};

function write(database: DatabaseSync, id: keyof typeof requests, columns: Readonly<Record<string, string | number>>) {
  const request = requests[id];
  const payload = encodeRequest(request);
  const all = {
    id,
    mode: 'async',
    owner: '',
    webhook: request.webhook,
    fingerprint: fingerprintOf(request),
    created_at: nowMs,
    deadline_at: nowMs + 300_000,
    payload_bytes: payload.byteLength,
    ...columns,
  };
  const names = Object.keys(all);
  const { lastInsertRowid: seq } = database
    .prepare(`INSERT INTO requests (${names}) VALUES (${names.map(() => '?')})`)
    .run(...Object.values(all));
  if (id !== 'answered') database.prepare('INSERT INTO payloads VALUES (?, ?)').run(seq, payload);
  else database.prepare('INSERT INTO answers VALUES (?, ?)').run(seq, encodeAnswer(response()));
}

/** Left by a crash: no clean end, the log not yet in the file. */
function writeVersion1(): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; ${version1}`);
  const done = { state: 'done', completed_at: nowMs, remove_at: nowMs + 60_000, attempts: 1 };
  const expires_at = nowMs + 300_000;
  write(database, 'answered', { ...done, outcome: 'answered', delivery_due_at: nowMs, answer_bytes: 99, token: 't' });
  write(database, 'dead', { ...done, outcome: 'failed', error: 'x: y', is_dead: 1 });
  write(database, 'delayed', { state: 'delayed', due_at: nowMs + 1000, attempts: 1, error: 'x: y', expires_at });
  write(database, 'running', { state: 'running', attempts: 1, token: 'old', lease_until: nowMs + 9000, expires_at });
  write(database, 'queued', { state: 'queued', expires_at });
  database.close();
}

it('what it accepted is answered, each at its place, and the rest is as it was', async () => {
  writeVersion1();
  const store = await open();
  expect(await store.figures()).toMatchObject({ queued: 2, running: 1, deadLetters: 1 });
  const answered = await store.result('answered');
  expect(answered.kind === 'answered' && Buffer.from(answered.response.body).toString()).toBe('answer');
  expect(await store.claimDeliveries(10, 1000)).toMatchObject([{ webhook: 'https://example.com/x' }]);
  expect(await store.deadLetters(10)).toMatchObject([{ id: 'dead', error: 'x: y' }]);
  expect(await store.submit(requests.queued)).toEqual({ kind: 'duplicate' });
  expect(await store.submit({ ...requests.answered, body: Buffer.from('other') })).toEqual({ kind: 'conflict' });
  expect(await store.sweep()).toMatchObject({ leasesTakenBack: 1, expired: 0, removed: 0 });
  expect(await store.status('running')).toMatchObject({ state: 'queued', position: 0, attempts: 1 });
  nowMs += 1000;
  for (const id of ['delayed', 'running', 'queued'] as const) {
    const claim = await claimOne(store);
    expect(claim.attempt).toBe(id === 'queued' ? 1 : 2);
    expect({ ...claim.submission, body: Buffer.from(claim.submission.body) }).toEqual(requests[id]);
    expect(await store.complete(claim, response())).toBe(true);
  }
  expect(await store.replay('dead', 'again')).toMatchObject({ kind: 'accepted' });
  nowMs += 60_000;
  expect(await store.sweep()).toMatchObject({ removed: 5 });
});

it('is taken over once: the next sidecar finds the new tables', async () => {
  writeVersion1();
  await (await open()).close();
  const store = await open();
  expect(await store.figures()).toMatchObject({ queued: 2, running: 1, deadLetters: 1 });
  expect(await store.submit(submission({ id: 'new' }))).toEqual({ kind: 'accepted', position: 2 });
  const tables = new Set(await tablesOf(store));
  expect(tables).toContain('endings');
  expect(tables).not.toContain('requests_of_version_1');
});

it('of another deployment, or of a version to come, it is left as it is', async () => {
  writeVersion1();
  await expect(open('two')).rejects.toThrow(/belongs to deployment default\/one, not default\/two/);
  const file = new DatabaseSync(path);
  file.exec(`UPDATE about SET value = '4' WHERE name = 'schema'`);
  file.close();
  await expect(open()).rejects.toThrow(/belongs to schema 4, not 3/);
  const again = new DatabaseSync(path);
  expect(again.prepare(`SELECT count(*) AS count FROM sqlite_schema WHERE name = 'endings'`).get()).toEqual({
    count: 0,
  });
  again.close();
});

async function tablesOf(store: Store): Promise<readonly string[]> {
  await store.close();
  const database = Database.open(path, 'default/one');
  const rows = database.all<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table'`);
  database.close();
  return rows.map(({ name }) => name);
}
