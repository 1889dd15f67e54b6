// The tables of the embedded store. `seq` is the place by arrival. What each request would change in the file only to be found
// again (who waits, whose lease or time ends when) is kept in memory and read anew when the file is opened, so there are few indexes,
// and those cover only the rows that their question is about. Bodies lie apart: what is counted and searched stays small.
// No CHECK of the state: it took a fourth of each change, and the ledger asks the state table.

export const schemaVersion = 2;

/** What every version has: whose file it is, and which. */
export const about = `
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

export const schema = `
CREATE TABLE IF NOT EXISTS requests (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  state TEXT NOT NULL,
  mode TEXT NOT NULL,
  owner TEXT NOT NULL,
  webhook TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  token TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  deadline_at INTEGER NOT NULL,
  due_at INTEGER,
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
CREATE INDEX IF NOT EXISTS retained ON requests (remove_at) WHERE remove_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS dead_letters ON requests (completed_at) WHERE is_dead = 1;
CREATE INDEX IF NOT EXISTS deliveries ON requests (delivery_due_at) WHERE delivery_due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS ids (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payloads (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS answers (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS stream_pieces (
  seq INTEGER NOT NULL, sequence INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (seq, sequence)
) STRICT, WITHOUT ROWID;
`;

/** What the steps of a request that is not done need of its row. */
export interface LiveRow {
  readonly seq: number;
  readonly id: string;
  readonly state: 'queued' | 'delayed' | 'running' | 'done';
  readonly mode: 'async' | 'proxy';
  readonly owner: string;
  readonly webhook: string;
  readonly attempts: number;
  readonly token: string;
  readonly created_at: number;
  readonly deadline_at: number;
  readonly error: string;
  readonly stream_head: number | null;
  readonly stream_last: number;
  readonly payload_bytes: number;
  readonly answer_bytes: number;
}

/** A row of `requests` as the ledger reads it. */
export interface RequestRow extends LiveRow {
  readonly fingerprint: string;
  readonly due_at: number | null;
  readonly started_at: number | null;
  readonly completed_at: number | null;
  readonly remove_at: number | null;
  readonly outcome: 'answered' | 'failed' | 'expired' | 'canceled' | null;
  readonly is_dead: number;
  readonly delivery_attempts: number;
}
