// The embedded store: one file, one replica, no server to run. Writing steps share commits (group-commit.ts);
// reading ones look at what is committed, at once.
import { monotonicMs } from '../../../runtime/clock.ts';
import { randomId } from '../../../runtime/random-id.ts';
import type { StoreLimits } from '../limits.ts';
import { decodeAnswer } from '../payload.ts';
import type { RequestStatus, StoredResponse, Submission } from '../record.ts';
import type {
  CancelOutcome,
  ClaimBatch,
  ClaimOptions,
  Delivery,
  Lease,
  LeaseState,
  PostponedDelivery,
  QueueFigures,
  RestOfBody,
  ResultOutcome,
  Store,
  StreamRead,
  StreamStart,
  SubmitOutcome,
  SweepReport,
} from '../store.ts';
import { BODY_PIECE_BYTES, restOf, StoreError } from '../store.ts';
import { claim, complete, fail, handBack, renew } from './claims.ts';
import { Database } from './database.ts';
import { claimDeliveries, postponeDeliveries, settleDelivery } from './deliveries.ts';
import { GroupCommit } from './group-commit.ts';
import { replay, submit } from './intake.ts';
import { Ledger, stateOf } from './ledger.ts';
import { Room } from './room.ts';
import { answer as answerOf, type RequestRow, records } from './schema.ts';
import { appendStream, readStream, startStream } from './streams.ts';
import { sweep } from './sweep.ts';

interface Opened {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly group: GroupCommit<Ledger>;
  readonly room: Room;
}

export class SqliteStore implements Store {
  readonly kind = 'sqlite';
  readonly #path: string;
  readonly #deployment: string;
  readonly #limits: StoreLimits;
  #opened: Opened | undefined;
  #expiredByClaims: readonly string[] = [];

  constructor(path: string, deployment: string, limits: StoreLimits) {
    this.#path = path;
    this.#deployment = deployment;
    this.#limits = limits;
  }

  async open(): Promise<void> {
    const database = Database.open(this.#path, this.#deployment);
    const ledger = new Ledger(database, this.#limits);
    try {
      await Promise.resolve(ledger.memory.read(database));
    } catch (error) {
      database.close();
      throw database.explain(error);
    }
    const group = new GroupCommit(database, ledger, this.#limits.observer);
    this.#opened = { database, ledger, group, room: new Room(database, this.#limits.diskOf) };
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    await opened?.group.end();
    this.#opened = undefined;
    opened?.database.close();
  }

  submit(submission: Submission, reachable = -1): Promise<SubmitOutcome> {
    const isNew = () => this.#ledger().find(submission.id) === undefined;
    const take = (room: Room) => room.takeForWork(submission.body.byteLength);
    return this.#bring('submit', take, (ledger) => submit(ledger, submission, reachable), isNew);
  }

  async claim(options: ClaimOptions): Promise<ClaimBatch> {
    const { claims, expired } = await this.#write('claim', (ledger) => claim(ledger, options, randomId()), false);
    if (expired.length > 0) this.#expiredByClaims = [...this.#expiredByClaims, ...expired];
    return { claims, isMoreDue: (this.#opened?.ledger.memory.line.length ?? 0) > 0 };
  }

  renew(leases: readonly Lease[], leaseMs: number): Promise<readonly LeaseState[]> {
    return this.#write('renew', (ledger) => leases.map((lease) => renew(ledger, lease, leaseMs)), false);
  }

  complete(lease: Lease, response: StoredResponse): Promise<boolean> {
    const take = (room: Room) => room.takeForResult(response.body.byteLength);
    return this.#bring('complete', take, (ledger) => complete(ledger, lease, response));
  }

  fail(lease: Lease, error: string, retryAfterMs: number | null): Promise<boolean> {
    return this.#write('fail', (ledger) => fail(ledger, lease, error, retryAfterMs));
  }

  handBack(lease: Lease, retryAfterMs = 0, error = ''): Promise<boolean> {
    return this.#write('handBack', (ledger) => handBack(ledger, lease, retryAfterMs, error));
  }

  status(id: string): Promise<RequestStatus | null> {
    return this.#read('status', (ledger) => statusIn(ledger, id));
  }

  statuses(ids: readonly string[]): Promise<readonly (RequestStatus | null)[]> {
    return this.#read('statuses', (ledger) => ids.map((id) => statusIn(ledger, id)));
  }

  result(id: string): Promise<ResultOutcome> {
    return this.#read('result', (ledger, database): ResultOutcome => {
      const row = ledger.find(id);
      if (row === undefined) return { kind: 'not_found' };
      const status = ledger.statusOf(row);
      if (row.outcome !== 'answered') return { kind: 'no_response', status };
      const answer = database.bytes(`SELECT ${answerOf} FROM endings WHERE seq = ?`, row.seq);
      if (answer === undefined) return { kind: 'no_response', status };
      const end = answer.length < BODY_PIECE_BYTES ? answer.length : endOfAnswer(database, row.seq, answer.length);
      return { kind: 'answered', status, response: decodeAnswer(answer), rest: restOf(status, answer.length, end) };
    });
  }

  readRest({ id, completedAtMs, at }: RestOfBody): Promise<Uint8Array | null> {
    return this.#read('readContent', (ledger, database) => {
      const row = ledger.findAny(id);
      if (row?.completed_at !== completedAtMs) return null;
      return database.bytes('SELECT bytes FROM answer_pieces WHERE seq = ? AND at = ?', row.seq, at) ?? null;
    });
  }

  cancel(id: string): Promise<CancelOutcome> {
    return this.#write('cancel', (ledger): CancelOutcome => {
      const row = ledger.find(id);
      if (row === undefined) return 'not_found';
      if (stateOf(row) === 'done') {
        ledger.forget(row);
        return 'deleted';
      }
      ledger.finish(row, { outcome: 'canceled', error: 'canceled', token: '' });
      if (row.state === 'running') ledger.afterCommit(() => ledger.canceled.notify(id));
      return 'canceled';
    });
  }

  figures(): Promise<QueueFigures> {
    return this.#read('figures', (ledger) => {
      const { memory } = ledger;
      const { deadLetters, bytes } = memory.tally.sums;
      const first = memory.line.first();
      return {
        queued: memory.queued,
        running: memory.running.size,
        deadLetters,
        oldestQueuedAtMs: first === undefined ? null : (ledger.row(first)?.created_at ?? null),
        storedBytes: bytes,
        departuresPerSecond: ledger.rate.perSecond(ledger.nowMs()),
      };
    });
  }

  async sweep(): Promise<SweepReport> {
    const report = await this.#write('sweep', sweep);
    const expired = [...this.#expiredByClaims, ...report.expired];
    this.#expiredByClaims = [];
    return { ...report, expired };
  }

  startStream(lease: Lease, start: StreamStart): Promise<boolean> {
    return this.#write('startStream', (ledger) => startStream(ledger, lease, start));
  }

  appendStream(lease: Lease, already: number, pieces: readonly Uint8Array[]): Promise<boolean> {
    const bytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const take = (room: Room) => room.takeForResult(bytes);
    return this.#bring('appendStream', take, (ledger) => appendStream(ledger, lease, already, pieces));
  }

  readStream(id: string, afterSequence: number, max: number): Promise<StreamRead> {
    return this.#read('readStream', (ledger) => readStream(ledger, id, afterSequence, max));
  }

  deadLetters(max: number): Promise<readonly RequestStatus[]> {
    return this.#read('deadLetters', (ledger, database) => {
      const rows = database.all<RequestRow>(
        `SELECT * FROM ${records} WHERE is_dead = 1 AND remove_at > ? ORDER BY completed_at DESC LIMIT ?`,
        ledger.nowMs(),
        max,
      );
      return rows.map((row) => ledger.statusOf(row));
    });
  }

  replay(id: string, newId: string): Promise<SubmitOutcome | null> {
    return this.#write('replay', (ledger) => replay(ledger, id, newId));
  }

  claimDeliveries(max: number, leaseMs: number): Promise<readonly Delivery[]> {
    return this.#write('claimDeliveries', (ledger) => claimDeliveries(ledger, max, leaseMs));
  }

  settleDelivery(id: string, retryAfterMs: number | null): Promise<void> {
    return this.#write('settleDelivery', (ledger) => settleDelivery(ledger, id, retryAfterMs));
  }

  postponeDeliveries(deliveries: readonly PostponedDelivery[]): Promise<void> {
    return this.#write('postponeDeliveries', (ledger) => postponeDeliveries(ledger, deliveries));
  }

  onWork(listener: () => void): () => void {
    return this.#ledger().work.add(listener);
  }

  onDelivery(listener: () => void): () => void {
    return this.#ledger().deliveries.add(listener);
  }

  onCanceled(listener: (id: string) => void): () => void {
    return this.#ledger().canceled.add(listener);
  }

  onChange(id: string, listener: () => void): () => void {
    return this.#ledger().changes.add(id, listener);
  }

  onStream(id: string, listener: () => void): () => void {
    return this.#ledger().streams.add(id, listener);
  }

  health(): { readonly ok: boolean; readonly error: string | null } {
    const error = this.#opened === undefined ? 'the store is not open' : this.#opened.group.error;
    return { ok: error === null, error };
  }

  #ledger(): Ledger {
    if (this.#opened === undefined) throw notOpen();
    return this.#opened.ledger;
  }

  /** No async function: each would be a promise more. */
  #write<T>(name: string, work: (ledger: Ledger) => T, isFlushed = true): Promise<T> {
    if (this.#opened === undefined) return Promise.reject(notOpen());
    return this.#opened.group.do(name, work, isFlushed);
  }

  /** A step that brings content. Rejected where it is new and the disk has no room for it. */
  #bring<T>(name: string, take: (room: Room) => void, work: (ledger: Ledger) => T, isNew = () => true): Promise<T> {
    if (this.#opened === undefined) return Promise.reject(notOpen());
    try {
      take(this.#opened.room);
    } catch (error) {
      if (isNew()) {
        this.#limits.observer.storeError(name);
        return Promise.reject(error);
      }
    }
    return this.#write(name, work);
  }

  async #read<T>(name: string, work: (ledger: Ledger, database: Database) => T): Promise<T> {
    const ledger = this.#ledger();
    const startedMs = monotonicMs();
    const { group } = this.#opened as Opened;
    try {
      const found = work(ledger, ledger.database);
      await group.flushed();
      return found;
    } catch (error) {
      this.#limits.observer.storeError(name);
      throw ledger.database.explain(error);
    } finally {
      this.#limits.observer.storeLatency(name, (monotonicMs() - startedMs) / 1000);
    }
  }
}

function statusIn(ledger: Ledger, id: string): RequestStatus | null {
  const row = ledger.find(id);
  return row === undefined ? null : ledger.statusOf(row);
}

const notOpen = (): StoreError => new StoreError('the store is not open');

/** Of one whose first piece ends at `at`. */
function endOfAnswer(database: Database, seq: number, at: number): number {
  const last = 'SELECT at + length(bytes) AS end FROM answer_pieces WHERE seq = ? ORDER BY at DESC LIMIT 1';
  return database.get<{ end: number }>(last, seq)?.end ?? at;
}
