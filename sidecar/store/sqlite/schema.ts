// The tables of the embedded store. `seq` is the place by arrival. A request is written when it is accepted and again, as a row of
// its own beside the first, when it ends: rows are added at the ends of tables, where many share a page, and what lies there is seldom
// rewritten. What each request would change in the file only to be found again (who waits, which id is at which place, whose lease or
// time ends when) is kept in memory and read anew when the file is opened, so there are few indexes.
// No CHECK of what a column holds: it took a fourth of each change, and the ledger asks the state table.

export const schemaVersion = 3;

/**
 * Content of at most so many bytes lies in the row it belongs to: a row less to write. A larger one lies apart, so that rows stay small
 * and a request's content can go when it has ended; what lies in the row goes with the record.
 */
export const mostInRow = { payload: 1024, answer: 2048 } as const;

/** What every version has: whose file it is, and which. */
export const about = `
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** `claims`: what each claim gave out that has not gone back in line, as a JSON list of places; those that ended are in `endings`. */
export const schema = `
CREATE TABLE IF NOT EXISTS requests (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
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
  error TEXT NOT NULL DEFAULT '',
  stream_head INTEGER,
  stream_last INTEGER NOT NULL DEFAULT 0,
  stream_bytes INTEGER NOT NULL DEFAULT 0,
  payload_bytes INTEGER NOT NULL,
  payload BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS claims (
  token TEXT PRIMARY KEY, started_at INTEGER NOT NULL, given TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS endings (
  seq INTEGER PRIMARY KEY,
  outcome TEXT NOT NULL,
  error TEXT NOT NULL,
  token TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  started_at INTEGER,
  completed_at INTEGER NOT NULL,
  remove_at INTEGER NOT NULL,
  is_dead INTEGER NOT NULL,
  delivery_due_at INTEGER,
  delivery_attempts INTEGER NOT NULL DEFAULT 0,
  answer_bytes INTEGER NOT NULL,
  answer BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS retained ON endings (remove_at);
CREATE INDEX IF NOT EXISTS dead_letters ON endings (completed_at) WHERE is_dead = 1;
CREATE INDEX IF NOT EXISTS deliveries ON endings (delivery_due_at) WHERE delivery_due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS payloads (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS answers (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS answer_pieces (
  seq INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (seq, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream_pieces (
  seq INTEGER NOT NULL, sequence INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (seq, sequence)
) STRICT, WITHOUT ROWID;
`;

/** Both rows of a request as one. Who runs is not in it: memory knows. */
export const records = `(
  SELECT r.seq, r.id, iif(e.seq IS NOT NULL, 'done', iif(r.due_at IS NULL, 'queued', 'delayed')) AS state, r.mode, r.owner, r.webhook,
    r.fingerprint, coalesce(e.attempts, r.attempts) AS attempts, coalesce(e.token, r.token) AS token, r.created_at, r.deadline_at,
    coalesce(e.started_at, r.started_at) AS started_at, e.completed_at, e.remove_at, e.outcome, coalesce(e.error, r.error) AS error,
    e.is_dead, e.delivery_due_at, e.delivery_attempts, r.stream_head, r.stream_last, r.payload_bytes,
    coalesce(e.answer_bytes, r.stream_bytes) AS answer_bytes
  FROM requests r LEFT JOIN endings e ON e.seq = r.seq)`;

/** What a request carries, of `requests`. */
export const payload = 'coalesce(payload, (SELECT bytes FROM payloads WHERE payloads.seq = requests.seq))';
/** The first piece of what it was answered, of `endings`; the others are in `answer_pieces`, by their place. */
export const answer = 'coalesce(answer, (SELECT bytes FROM answers WHERE answers.seq = endings.seq))';

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
  readonly started_at: number | null;
  readonly error: string;
  readonly stream_head: number | null;
  readonly stream_last: number;
  readonly payload_bytes: number;
  readonly answer_bytes: number;
}

/** A row of `records` as the ledger reads it. */
export interface RequestRow extends LiveRow {
  readonly fingerprint: string;
  readonly completed_at: number | null;
  readonly remove_at: number | null;
  readonly outcome: 'answered' | 'failed' | 'expired' | 'canceled' | null;
  readonly is_dead: number | null;
  readonly delivery_attempts: number | null;
}
