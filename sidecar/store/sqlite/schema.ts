// The tables of the embedded store. `seq` is the place by arrival; every index covers only the rows that its question is about,
// so that a claim costs the same whatever waits. Bodies lie apart: what is counted and searched stays small.

export const schemaVersion = 1;

export const schema = `
CREATE TABLE IF NOT EXISTS requests (
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
CREATE INDEX IF NOT EXISTS waiting ON requests (seq) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS delayed ON requests (due_at) WHERE state = 'delayed';
CREATE INDEX IF NOT EXISTS leases ON requests (lease_until) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS deadlines ON requests (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS retained ON requests (remove_at) WHERE remove_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS dead_letters ON requests (completed_at) WHERE is_dead = 1;
CREATE INDEX IF NOT EXISTS deliveries ON requests (delivery_due_at) WHERE delivery_due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS payloads (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS answers (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS stream_pieces (
  seq INTEGER NOT NULL, sequence INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (seq, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** A row of `requests` as the ledger reads it. */
export interface RequestRow {
  readonly seq: number;
  readonly id: string;
  readonly state: 'queued' | 'delayed' | 'running' | 'done';
  readonly mode: 'async' | 'proxy';
  readonly owner: string;
  readonly webhook: string;
  readonly fingerprint: string;
  readonly attempts: number;
  readonly token: string;
  readonly created_at: number;
  readonly deadline_at: number;
  readonly expires_at: number | null;
  readonly started_at: number | null;
  readonly completed_at: number | null;
  readonly remove_at: number | null;
  readonly outcome: 'answered' | 'failed' | 'expired' | 'canceled' | null;
  readonly error: string;
  readonly is_dead: number;
  readonly delivery_attempts: number;
  readonly stream_head: number | null;
  readonly stream_last: number;
  readonly payload_bytes: number;
  readonly answer_bytes: number;
}
