// The records in the file and the moves that the state table allows. Every method runs inside a transaction of GroupCommit;
// what others are told (line, listeners, rate) is told only after the commit.
import { steadyNowMs } from '../../../runtime/clock.ts';
import { DepartureRate } from '../departure-rate.ts';
import type { StoreLimits } from '../limits.ts';
import { Listeners, ListenersById } from '../listeners.ts';
import { type Outcome, type RequestEvent, type RequestState, type RequestStatus, stateAfter } from '../record.ts';
import type { Lease } from '../store.ts';
import type { Database } from './database.ts';
import type { GroupMember } from './group-commit.ts';
import type { RequestRow } from './schema.ts';
import { Tally } from './tally.ts';
import { WaitingLine } from './waiting-line.ts';

const endEvents: Readonly<Record<Outcome, RequestEvent>> = {
  answered: 'answered',
  failed: 'attempts_used_up',
  expired: 'deadline_passed',
  canceled: 'canceled',
};

export interface Ending {
  readonly outcome: Outcome;
  readonly error: string;
  /** Stays with the record where its holder ended it, so that the holder's repeated call is known; empty where another did. */
  readonly token: string;
  /** Where the ending brought an answer: what answer and stream hold now. */
  readonly answerBytes?: number;
}

export class Ledger implements GroupMember {
  readonly database: Database;
  readonly limits: StoreLimits;
  readonly tally = new Tally();
  readonly line = new WaitingLine();
  readonly rate = new DepartureRate();
  readonly work = new Listeners<void>();
  readonly deliveries = new Listeners<void>();
  readonly canceled = new Listeners<string>();
  readonly changes = new ListenersById();
  #effects: (() => void)[] = [];

  constructor(database: Database, limits: StoreLimits) {
    this.database = database;
    this.limits = limits;
  }

  /** A clock that is set meanwhile ends no lease and no request. */
  nowMs(): number {
    return this.limits.nowMs?.() ?? Math.round(steadyNowMs());
  }

  begun(): void {
    this.tally.begun();
    this.#effects = [];
  }

  committed(): void {
    this.tally.committed();
    const effects = this.#effects;
    this.#effects = [];
    for (const effect of effects) effect();
  }

  rolledBack(): void {
    this.tally.rolledBack();
    this.#effects = [];
  }

  afterCommit(effect: () => void): void {
    this.#effects.push(effect);
  }

  /** Reads what is not kept in the file, and lets the next sweep take back every lease. */
  recount(): void {
    const { database } = this;
    // Nobody else can have the file open: who held these leases is gone, and waiting for them to run out helps nobody.
    database.run(`UPDATE requests SET lease_until = 0 WHERE state = 'running'`);
    const counts = { queued: 0, delayed: 0, running: 0, deadLetters: 0, bytes: 0 };
    type Sum = { state: RequestRow['state']; count: number; bytes: number; dead: number };
    const sums = database.all<Sum>(
      `SELECT state, count(*) AS count, sum(is_dead) AS dead,
       sum(CASE WHEN state = 'done' AND is_dead = 0 THEN 0 ELSE payload_bytes END + answer_bytes) AS bytes
       FROM requests GROUP BY state`,
    );
    for (const { state, count, bytes, dead } of sums) {
      if (state !== 'done') counts[state] = count;
      counts.deadLetters += dead;
      counts.bytes += bytes;
    }
    this.tally.set(counts);
    for (const { seq } of database.all<{ seq: number }>(
      `SELECT seq FROM requests WHERE state = 'queued' ORDER BY seq`,
    )) {
      this.line.add(seq);
    }
  }

  /** Nothing where the request is unknown or its retention is over. */
  find(id: string): RequestRow | undefined {
    const row = this.database.get<RequestRow>('SELECT * FROM requests WHERE id = ?', id);
    return row?.remove_at != null && row.remove_at <= this.nowMs() ? undefined : row;
  }

  statusOf(row: RequestRow): RequestStatus {
    const state = stateOf(row);
    return {
      id: row.id,
      mode: row.mode,
      owner: row.owner,
      state,
      outcome: row.outcome,
      error: state === 'done' && row.error !== '' ? row.error : null,
      position: state === 'queued' ? this.line.before(row.seq) : null,
      attempts: row.attempts,
      createdAtMs: row.created_at,
      deadlineAtMs: row.deadline_at,
      startedAtMs: row.started_at,
      completedAtMs: row.completed_at,
    };
  }

  /** The row if the lease counts; true where the holder's earlier call already ended it; false where it was lost. */
  heldBy(lease: Lease): RequestRow | boolean {
    const row = this.find(lease.id);
    if (row === undefined || row.token !== lease.token) return false;
    return row.state === 'running' ? row : true;
  }

  /** Puts a row in the waiting line: it is there when the group is committed. */
  joinLine(seq: number): void {
    this.tally.add('queued', 1);
    this.afterCommit(() => {
      this.line.add(seq);
      this.work.notify();
    });
  }

  leave(row: RequestRow): void {
    if (row.state === 'done') return;
    this.tally.add(row.state, -1);
    if (row.state === 'queued') this.afterCommit(() => this.line.remove(row.seq));
  }

  /** Back in line, at its place by arrival. An empty token: somebody else took the lease away. */
  requeue(
    row: RequestRow,
    event: RequestEvent,
    again: { attempts: number; error: string; token: string; dueAtMs: number | null },
  ) {
    stateAfter(stateOf(row), event);
    this.leave(row);
    const state = again.dueAtMs === null ? 'queued' : 'delayed';
    this.database.run(
      `UPDATE requests SET state = ?, due_at = ?, attempts = ?, error = ?, token = ?, lease_until = NULL, stream_head = NULL,
       expires_at = deadline_at WHERE seq = ?`,
      state,
      again.dueAtMs,
      again.attempts,
      again.error,
      again.token,
      row.seq,
    );
    if (state === 'queued') this.joinLine(row.seq);
    else this.tally.add('delayed', 1);
    this.changed(row.id);
  }

  /** The one way into `done`. */
  finish(row: RequestRow, ending: Ending): void {
    stateAfter(stateOf(row), endEvents[ending.outcome]);
    this.leave(row);
    const nowMs = this.nowMs();
    const isDead = ending.outcome === 'failed';
    this.database.run(
      `UPDATE requests SET state = 'done', outcome = ?, error = ?, token = ?, completed_at = ?, remove_at = ?, is_dead = ?,
       delivery_due_at = ?, answer_bytes = ?, lease_until = NULL, due_at = NULL, expires_at = NULL WHERE seq = ?`,
      ending.outcome,
      ending.error,
      ending.token,
      nowMs,
      nowMs + this.limits.retentionMs,
      isDead ? 1 : 0,
      row.webhook === '' ? null : nowMs,
      ending.answerBytes ?? row.answer_bytes,
      row.seq,
    );
    if (isDead) {
      this.tally.add('deadLetters', 1);
    } else {
      this.database.run('DELETE FROM payloads WHERE seq = ?', row.seq);
      this.tally.add('bytes', -row.payload_bytes);
    }
    if (row.webhook !== '') this.afterCommit(() => this.deliveries.notify());
    this.changed(row.id);
  }

  expire(row: RequestRow): void {
    const reason = row.error === '' ? '' : `; last try: ${row.error}`;
    this.finish(row, {
      outcome: 'expired',
      error: `expired: not finished within its time to live${reason}`,
      token: '',
    });
  }

  /** Removes a done record and all that belongs to it. */
  forget(row: RequestRow): void {
    stateAfter(stateOf(row), 'retention_over');
    for (const table of ['requests', 'payloads', 'answers', 'stream_pieces']) {
      this.database.run(`DELETE FROM ${table} WHERE seq = ?`, row.seq);
    }
    if (row.is_dead === 1) this.tally.add('deadLetters', -1);
    this.tally.add('bytes', -(row.answer_bytes + (row.is_dead === 1 ? row.payload_bytes : 0)));
    this.changed(row.id);
  }

  changed(id: string): void {
    this.afterCommit(() => this.changes.notify(id));
  }
}

export function stateOf(row: RequestRow): RequestState {
  return row.state === 'delayed' ? 'queued' : row.state;
}
