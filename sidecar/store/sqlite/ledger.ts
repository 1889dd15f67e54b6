// The records in the file and the moves that the state table allows. Every method runs inside a transaction of GroupCommit;
// what others are told (listeners, rate) is told only after the commit.
import { steadyNowMs } from '../../../runtime/clock.ts';
import { DepartureRate } from '../departure-rate.ts';
import { listenerFailure, type StoreLimits } from '../limits.ts';
import { type ListenerFailed, Listeners, ListenersById } from '../listeners.ts';
import { type Outcome, type RequestEvent, type RequestState, type RequestStatus, stateAfter } from '../record.ts';
import type { Lease } from '../store.ts';
import type { Database } from './database.ts';
import type { GroupMember } from './group-commit.ts';
import { Memory } from './memory.ts';
import { type LiveRow, mostInRow, type RequestRow, records } from './schema.ts';

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
  /** Where the ending brought an answer: one that lies in the row, and what answer and stream hold now. */
  readonly answer?: Uint8Array | null;
  readonly answerBytes?: number;
}

export class Ledger implements GroupMember {
  readonly database: Database;
  readonly limits: StoreLimits;
  readonly memory: Memory;
  readonly rate = new DepartureRate();
  readonly work: Listeners<void>;
  readonly deliveries: Listeners<void>;
  readonly canceled: Listeners<string>;
  /** Of state. */
  readonly changes: ListenersById;
  /** Recorded streams that grew. */
  readonly streams: ListenersById;
  #effects: (() => void)[] = [];
  #changed: string[] = [];
  #isWorkNew = false;

  constructor(database: Database, limits: StoreLimits) {
    this.database = database;
    this.limits = limits;
    this.memory = new Memory(database);
    const failed: ListenerFailed = (error) => limits.warn(listenerFailure(error));
    this.work = new Listeners(failed);
    this.deliveries = new Listeners(failed);
    this.canceled = new Listeners(failed);
    this.changes = new ListenersById(failed);
    this.streams = new ListenersById(failed);
  }

  /** A clock that is set meanwhile ends no lease and no request. */
  nowMs(): number {
    return this.limits.nowMs?.() ?? Math.round(steadyNowMs());
  }

  begun(): void {
    this.memory.begun();
  }

  committed(): void {
    this.memory.committed();
    const [effects, changed, isWorkNew] = [this.#effects, this.#changed, this.#isWorkNew];
    this.#forgetEffects();
    for (const effect of effects) effect();
    for (const id of changed) this.changes.notify(id);
    if (isWorkNew) this.work.notify();
  }

  rolledBack(): void {
    this.memory.rolledBack();
    this.#forgetEffects();
  }

  afterCommit(effect: () => void): void {
    this.#effects.push(effect);
  }

  /** Nothing where the request is unknown or its retention is over. */
  find(id: string): RequestRow | undefined {
    const row = this.findAny(id);
    return row?.remove_at != null && row.remove_at <= this.nowMs() ? undefined : row;
  }

  /** Also where its retention is over. */
  findAny(id: string): RequestRow | undefined {
    for (const seq of this.memory.ids.placesOf(id)) {
      const row = this.row(seq);
      if (row?.id === id) return row;
    }
    return undefined;
  }

  row(seq: number): RequestRow | undefined {
    const row = this.database.get<RequestRow>(`SELECT * FROM ${records} WHERE seq = ?`, seq);
    const running = row === undefined ? undefined : this.memory.running.get(row.id);
    return row === undefined || running === undefined ? row : { ...row, ...running.row };
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
      position: state === 'queued' ? this.memory.line.before(row.seq) : null,
      attempts: row.attempts,
      createdAtMs: row.created_at,
      deadlineAtMs: row.deadline_at,
      startedAtMs: row.started_at,
      completedAtMs: row.completed_at,
    };
  }

  /** The row if the lease counts; true where the holder's earlier call already ended it; false where it was lost. */
  heldBy(lease: Lease): LiveRow | boolean {
    const running = this.memory.running.get(lease.id);
    if (running !== undefined) return running.row.token === lease.token ? running.row : false;
    return this.find(lease.id)?.token === lease.token;
  }

  /** What a stream changed in the row of a running request. */
  rewritten(row: LiveRow, to: Partial<LiveRow> & Pick<LiveRow, 'answer_bytes'>): void {
    this.memory.rewrite({ ...row, ...to });
    this.memory.tally.add('bytes', to.answer_bytes - row.answer_bytes);
    if (this.streams.size > 0) this.afterCommit(() => this.streams.notify(row.id));
  }

  /** Puts a row in the waiting line. */
  joinLine(seq: number): void {
    this.memory.join(seq);
    this.#isWorkNew = true;
  }

  leave(row: LiveRow): void {
    const { memory } = this;
    if (row.state === 'queued') memory.leave(row.seq);
    else if (row.state === 'delayed') memory.endDelay(row.seq);
    else if (row.state === 'running') memory.release(row.id);
  }

  /** Back in line, at its place by arrival. An empty token: somebody else took the lease away. */
  requeue(
    row: LiveRow,
    event: RequestEvent,
    again: { attempts: number; error: string; token: string; dueAtMs: number | null },
  ) {
    stateAfter(stateOf(row), event);
    this.leave(row);
    this.memory.claims.wentBack(row.token, row.seq);
    this.database.run(
      `UPDATE requests SET due_at = ?, attempts = ?, error = ?, token = ?, started_at = ?, stream_head = NULL WHERE seq = ?`,
      again.dueAtMs,
      again.attempts,
      again.error,
      again.token,
      row.started_at,
      row.seq,
    );
    if (again.dueAtMs === null) this.joinLine(row.seq);
    else this.memory.delay(row.seq, again.dueAtMs);
    // A deadline that passed while it ran was met then, and is not met again.
    if (row.deadline_at <= this.nowMs()) this.memory.remindOfDeadline(row.seq, row.deadline_at);
    this.changed(row.id);
  }

  /** The one way into `done`. */
  finish(row: LiveRow, ending: Ending): void {
    stateAfter(stateOf(row), endEvents[ending.outcome]);
    this.leave(row);
    const nowMs = this.nowMs();
    const isDead = ending.outcome === 'failed';
    if (row.state === 'running') this.memory.claims.ended(row.token, row.seq);
    this.database.run(
      `INSERT INTO endings (seq, outcome, error, token, attempts, started_at, completed_at, remove_at, is_dead, delivery_due_at,
       answer_bytes, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.seq,
      ending.outcome,
      ending.error,
      ending.token,
      row.attempts,
      row.started_at,
      nowMs,
      nowMs + this.limits.retentionMs,
      isDead ? 1 : 0,
      row.webhook === '' ? null : nowMs,
      ending.answerBytes ?? row.answer_bytes,
      ending.answer ?? null,
    );
    if (isDead) this.memory.tally.add('deadLetters', 1);
    else this.dropPayload(row);
    if (row.webhook !== '') this.afterCommit(() => this.deliveries.notify());
    this.changed(row.id);
  }

  expire(row: LiveRow): void {
    const reason = row.error === '' ? '' : `; last try: ${row.error}`;
    this.finish(row, {
      outcome: 'expired',
      error: `expired: not finished within its time to live${reason}`,
      token: '',
    });
  }

  /** What lies in the row goes with the row. */
  dropPayload({ seq, payload_bytes: bytes }: LiveRow): void {
    if (bytes > mostInRow.payload) this.database.run('DELETE FROM payloads WHERE seq = ?', seq);
    this.memory.tally.add('bytes', -bytes);
  }

  /** Removes a done record and all that belongs to it. */
  forget(row: RequestRow): void {
    stateAfter(stateOf(row), 'retention_over');
    this.memory.ids.remove(row.id, row.seq);
    for (const table of ['requests', 'endings', 'payloads', 'answers', 'answer_pieces', 'stream_pieces']) {
      this.database.run(`DELETE FROM ${table} WHERE seq = ?`, row.seq);
    }
    if (row.is_dead === 1) this.memory.tally.add('deadLetters', -1);
    this.memory.tally.add('bytes', -(row.answer_bytes + (row.is_dead === 1 ? row.payload_bytes : 0)));
    this.changed(row.id);
  }

  changed(id: string): void {
    if (this.changes.size > 0) this.#changed.push(id);
  }

  #forgetEffects(): void {
    this.#effects = [];
    this.#changed = [];
    this.#isWorkNew = false;
  }
}

/** A stream that has begun ends the deadline. */
export function isOverdue(row: LiveRow, nowMs: number): boolean {
  return row.stream_head === null && row.deadline_at <= nowMs;
}

export function stateOf(row: LiveRow): RequestState {
  return row.state === 'delayed' ? 'queued' : row.state;
}
