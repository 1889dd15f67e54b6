// What memory holds beside the file, so that the file need not be asked: who waits, who runs under which lease, what is due when.
// Follows the transactions, and is read anew when the file is opened.
import { Agenda } from './agenda.ts';
import { ClaimLog } from './claim-log.ts';
import type { Database } from './database.ts';
import { IdIndex } from './id-index.ts';
import { type LiveRow, type RequestRow, records } from './schema.ts';
import { Tally } from './tally.ts';
import { Undo } from './undo.ts';
import { type Waiting, WaitingContent } from './waiting-content.ts';
import { WaitingLine } from './waiting-line.ts';

/** Nobody but this process has the file open, so a lease lives no longer than it: it is not in the file. */
export interface Running {
  readonly row: LiveRow;
  readonly leaseUntilMs: number;
}

export class Memory {
  readonly tally = new Tally();
  readonly line = new WaitingLine();
  readonly ids: IdIndex;
  readonly content: WaitingContent;
  readonly claims: ClaimLog;
  readonly #undo = new Undo();
  readonly #running = new Map<string, Running>();
  /** When they are due, by arrival number: requests in backoff. */
  readonly #delayed = new Map<number, number>();
  readonly #dues = new Agenda();
  readonly #deadlines = new Agenda();
  #latest = 0;

  constructor(database: Database) {
    this.ids = new IdIndex(this.#undo);
    this.content = new WaitingContent(database);
    this.claims = new ClaimLog(database, this.#undo);
  }

  /** Waiting, in backoff included. */
  get queued(): number {
    return this.line.length + this.#delayed.size;
  }

  get running(): ReadonlyMap<string, Running> {
    return this.#running;
  }

  /** Whoever held a lease is gone: waiting for it to run out would help nobody. */
  read(database: Database): void {
    const running = this.#readRunning(database);
    type Values = readonly [
      seq: number,
      id: string,
      deadlineAtMs: number,
      dueAtMs: number | null,
      outcome: string | null,
    ];
    const all = `SELECT requests.seq, id, deadline_at, due_at, outcome FROM requests LEFT JOIN endings USING (seq) ORDER BY seq`;
    for (const [seq, id, deadlineAtMs, dueAtMs, outcome] of database.each<Values>(all)) {
      this.ids.read(id, seq);
      this.#latest = seq;
      if (outcome !== null) continue;
      this.#deadlines.add(deadlineAtMs, seq);
      if (running.has(seq)) continue;
      if (dueAtMs === null) this.line.add(seq);
      else this.#setDelay(seq, dueAtMs);
    }
    this.tally.set(
      database.get<{ deadLetters: number; bytes: number }>(
        `SELECT coalesce(sum(is_dead), 0) AS deadLetters,
         coalesce(sum(iif(state = 'done' AND is_dead = 0, 0, payload_bytes) + answer_bytes), 0) AS bytes FROM ${records}`,
      )!,
    );
  }

  #readRunning(database: Database): ReadonlySet<number> {
    const given = new Set<number>();
    for (const { token, startedAtMs, seqs } of this.claims.read()) {
      for (const seq of seqs) {
        const before = database.get<RequestRow>(`SELECT * FROM ${records} WHERE seq = ?`, seq);
        if (before === undefined) continue;
        const row = claimed(before, token, startedAtMs);
        this.#running.set(row.id, { row, leaseUntilMs: 0 });
        given.add(seq);
      }
    }
    return given;
  }

  nextSeq(): number {
    return ++this.#latest;
  }

  /** A new one, that is not in line yet. */
  keep(waiting: Waiting): void {
    const { id, seq, deadline_at: deadlineAtMs } = waiting.row;
    this.ids.add(id, seq);
    this.content.keep(waiting);
    this.#deadlines.add(deadlineAtMs, seq);
    this.#undo.orElse(() => this.content.drop(seq));
  }

  join(seq: number): void {
    this.line.add(seq);
    this.#undo.orElse(() => this.line.remove(seq));
  }

  leave(seq: number): void {
    this.line.remove(seq);
    this.content.drop(seq);
    this.#undo.orElse(() => this.line.add(seq));
  }

  delay(seq: number, dueAtMs: number): void {
    this.#setDelay(seq, dueAtMs);
    this.#undo.orElse(() => this.#delayed.delete(seq));
  }

  endDelay(seq: number): void {
    const dueAtMs = this.#delayed.get(seq);
    if (dueAtMs === undefined) return;
    this.#delayed.delete(seq);
    this.#undo.orElse(() => this.#setDelay(seq, dueAtMs));
  }

  #setDelay(seq: number, dueAtMs: number): void {
    this.#delayed.set(seq, dueAtMs);
    this.#dues.add(dueAtMs, seq);
  }

  hold(row: LiveRow, leaseUntilMs: number): void {
    const { id } = row;
    const before = this.#running.get(id);
    this.#running.set(id, { row, leaseUntilMs });
    this.#undo.orElse(() => (before === undefined ? this.#running.delete(id) : this.#running.set(id, before)));
  }

  /** The lease as it was. */
  rewrite(row: LiveRow): void {
    this.hold(row, this.#running.get(row.id)?.leaseUntilMs ?? 0);
  }

  release(id: string): void {
    const before = this.#running.get(id);
    if (before === undefined) return;
    this.#running.delete(id);
    this.#undo.orElse(() => this.#running.set(id, before));
  }

  remindOfDeadline(seq: number, deadlineAtMs: number): void {
    this.#deadlines.add(deadlineAtMs, seq);
  }

  /** A request whose backoff is over: it is in backoff no more. */
  takeDue(nowMs: number): number | undefined {
    for (let entry = this.#dues.takeDue(nowMs); entry !== undefined; entry = this.#dues.takeDue(nowMs)) {
      if (this.#delayed.get(entry.seq) !== entry.atMs) continue;
      this.endDelay(entry.seq);
      return entry.seq;
    }
    return undefined;
  }

  /** A request that waits though its deadline has passed. What runs is met by its lease. */
  takeOverdue(nowMs: number): number | undefined {
    const { line } = this;
    for (let entry = this.#deadlines.takeDue(nowMs); entry !== undefined; entry = this.#deadlines.takeDue(nowMs)) {
      const { atMs, seq } = entry;
      this.#undo.orElse(() => this.#deadlines.add(atMs, seq));
      if (line.has(seq) || this.#delayed.has(seq)) return seq;
    }
    return undefined;
  }

  begun(): void {
    this.tally.begun();
  }

  committed(): void {
    this.#undo.forget();
    if (this.#dues.isLoose(this.#delayed.size)) {
      this.#dues.keep(({ seq, atMs }) => this.#delayed.get(seq) === atMs);
    }
    if (this.#deadlines.isLoose(this.queued + this.#running.size)) {
      const running = new Set([...this.#running.values()].map(({ row }) => row.seq));
      this.#deadlines.keep(({ seq }) => this.line.has(seq) || this.#delayed.has(seq) || running.has(seq));
    }
  }

  rolledBack(): void {
    this.tally.rolledBack();
    this.#undo.play();
  }
}

/** What a claim changes in a row. */
export function claimed(row: LiveRow, token: string, startedAtMs: number): LiveRow {
  return { ...row, state: 'running', token, attempts: row.attempts + 1, started_at: startedAtMs };
}
