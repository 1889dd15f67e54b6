// The store that all replicas of a deployment share. Each method is one Lua step (lua/*.lua says what it guarantees);
// accepts and answers that come in one turn of the event loop share a call.
import { monotonicMs } from '../../../runtime/clock.ts';
import { randomId } from '../../../runtime/random-id.ts';
import { Batch } from '../batch.ts';
import { listenerFailure, MAX_STREAM_READ_BYTES, type StoreLimits } from '../limits.ts';
import { encodeAnswer, encodeStart } from '../payload.ts';
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
import { BODY_PIECE_BYTES } from '../store.ts';
import type { Connections } from './connection.ts';
import { readDurability } from './durability.ts';
import { answerArguments, maxBatchBytes, maxBatchItems, type PackedAnswer, sizeOf } from './packing.ts';
import { plainFirst } from './plain-first.ts';
import { RedisClaim } from './redis-claim.ts';
import {
  list,
  type Reply,
  readClaims,
  readDelivery,
  readFigures,
  readNumbers,
  readResult,
  readStatus,
  readStreamPieces,
  readSubmitOutcome,
  text,
} from './reply.ts';
import { Rights } from './rights.ts';
import { Steps } from './steps.ts';
import { Submissions } from './submissions.ts';
import { WakeUps } from './wake-ups.ts';

/** Bytes of requests that one claim carries at most; one larger request goes alone. */
const maxClaimBytes = 64 * 1024 * 1024;

export class RedisStore implements Store {
  readonly kind = 'redis';
  readonly #connections: Connections;
  readonly #limits: StoreLimits;
  readonly #steps: Steps;
  readonly #rights: Rights;
  readonly #wakeUps: WakeUps;
  readonly #submissions: Submissions;
  readonly #answers: Batch<PackedAnswer, boolean>;
  /** Token of a claim whose reply never came; empty when there is none. */
  #lostClaim = '';
  #expiredByClaims: readonly string[] = [];

  constructor(connections: Connections, keyPrefix: string, limits: StoreLimits) {
    this.#connections = connections;
    this.#limits = limits;
    this.#wakeUps = new WakeUps(connections.listening, keyPrefix, (error) => limits.warn(listenerFailure(error)));
    this.#rights = new Rights({ ...connections, keyPrefix, listen: () => this.#wakeUps.listen() });
    this.#steps = new Steps({
      rights: this.#rights,
      client: connections.steps,
      scripts: connections.scripts,
      socket: connections.socket,
      keyPrefix,
      retentionMs: limits.retentionMs,
      nowMs: limits.nowMs ?? (() => 0),
      observer: limits.observer,
    });
    this.#submissions = new Submissions({
      steps: this.#steps,
      wakeUps: this.#wakeUps,
      limits,
      isInOrder: () => connections.socket() !== undefined,
    });
    this.#answers = new Batch<PackedAnswer, boolean>({
      maxItems: maxBatchItems,
      maxBytes: maxBatchBytes,
      // Answers to one claim that come together are followed by one claim.
      enough: maxBatchItems,
      sizeOf,
      atEndOfTurn: (call) => this.#steps.write.atEndOfTurn(call),
      send: (items) => this.#sendAnswers(items),
    });
  }

  async open(): Promise<void> {
    const { steps, listening } = this.#connections;
    steps.on('ready', () => {
      this.#learnDurability();
      void this.#rights.look();
    });
    // It goes on connecting for ever; what is not there now may come.
    listening.connect().catch(() => undefined);
    await steps.connect().catch((error: unknown) => {
      throw this.#steps.explain(error);
    });
    await this.#rights.look();
    await this.figures();
  }

  async close(): Promise<void> {
    this.#connections.close();
    await Promise.resolve();
  }

  submit(submission: Submission, reachable = -1): Promise<SubmitOutcome> {
    return this.#submissions.add(submission, reachable);
  }

  async claim(options: ClaimOptions): Promise<ClaimBatch> {
    const token = randomId();
    const args = [options.max, token, options.leaseMs, this.#lostClaim, maxClaimBytes];
    let reply: readonly Reply[];
    try {
      reply = list((await this.#steps.run('claim', args)) ?? (await this.#steps.run('claimAny', args)));
    } catch (error) {
      // It may have happened: the next claim asks for what this one took. An older lost one is left to the sweep.
      this.#lostClaim = token;
      throw error;
    }
    this.#lostClaim = '';
    const expired = list(reply[1]).map(text);
    if (expired.length > 0) this.#expiredByClaims = [...this.#expiredByClaims, ...expired];
    const nowMs = this.#limits.nowMs ?? storeClock(Number(text(reply[2])));
    return { claims: readClaims(reply, token, nowMs), isMoreDue: text(reply[0]) === '1' };
  }

  async renew(leases: readonly Lease[], leaseMs: number): Promise<readonly LeaseState[]> {
    const args = leases.flatMap(({ id, token }) => [id, token]);
    return list(await this.#steps.run('renew', [leaseMs, ...args])).map((state) => text(state) as LeaseState);
  }

  complete(lease: Lease, response: StoredResponse): Promise<boolean> {
    const finished = RedisClaim.finish(lease, response, this.#limits.retentionMs);
    if (finished === undefined) return this.#completeAny(lease, encodeAnswer(response));
    return this.#answers.add({ lease, ...finished });
  }

  async fail(lease: Lease, error: string, retryAfterMs: number | null): Promise<boolean> {
    return isDone(await this.#steps.run('fail', [lease.id, lease.token, error, retryAfterMs ?? -1, '1']));
  }

  async handBack(lease: Lease, retryAfterMs = 0, error = ''): Promise<boolean> {
    return isDone(await this.#steps.run('fail', [lease.id, lease.token, error, retryAfterMs, '0']));
  }

  async status(id: string): Promise<RequestStatus | null> {
    const found = await this.#steps.run('look', [id, 0]);
    return found === null ? null : readStatus(list(found)[0]);
  }

  async statuses(ids: readonly string[]): Promise<readonly (RequestStatus | null)[]> {
    const found = list(await this.#steps.run('statuses', ids));
    return found.map((fields) => (fields === null ? null : readStatus(fields)));
  }

  async result(id: string): Promise<ResultOutcome> {
    return readResult(await this.#steps.run('look', [id, BODY_PIECE_BYTES]));
  }

  async readRest({ id, completedAtMs, at }: RestOfBody): Promise<Uint8Array | null> {
    const piece = await this.#steps.run('readContent', [id, completedAtMs, at, BODY_PIECE_BYTES]);
    return Buffer.isBuffer(piece) ? piece : null;
  }

  async cancel(id: string): Promise<CancelOutcome> {
    return text(await this.#steps.run('cancel', [id])) as CancelOutcome;
  }

  async figures(): Promise<QueueFigures> {
    return readFigures(list(await this.#steps.run('figures', [])));
  }

  async sweep(): Promise<SweepReport> {
    const reply = list(await this.#steps.run('sweep', [this.#limits.sweepMax, this.#limits.maxAttempts]));
    const expired = [...this.#expiredByClaims, ...list(reply[0]).map(text)];
    this.#expiredByClaims = [];
    const leasesTakenBack = Number(text(reply[1]));
    return { expired, leasesTakenBack, deadLettered: list(reply[2]).map(text), removed: Number(text(reply[3])) };
  }

  async startStream(lease: Lease, start: StreamStart): Promise<boolean> {
    return isDone(await this.#steps.run('startStream', [lease.id, lease.token, encodeStart(start)]));
  }

  async appendStream(lease: Lease, already: number, pieces: readonly Uint8Array[]): Promise<boolean> {
    return isDone(await this.#steps.run('appendStream', [lease.id, lease.token, already, ...pieces.map(asBuffer)]));
  }

  async readStream(id: string, afterSequence: number, max: number): Promise<StreamRead> {
    const found = await this.#steps.run('readStream', [id, afterSequence, max, MAX_STREAM_READ_BYTES]);
    return found === null ? { kind: 'not_found' } : readStreamPieces(list(found));
  }

  async deadLetters(max: number): Promise<readonly RequestStatus[]> {
    return list(await this.#steps.run('deadLetters', [max])).map(readStatus);
  }

  async replay(id: string, newId: string): Promise<SubmitOutcome | null> {
    const { maxQueue, maxStoredBytes } = this.#limits;
    const reply = await this.#steps.run('replay', [maxQueue, maxStoredBytes, id, newId]);
    if (reply === null) return null;
    const [kind, number] = list(reply);
    return readSubmitOutcome(text(kind), number);
  }

  async claimDeliveries(max: number, leaseMs: number): Promise<readonly Delivery[]> {
    return list(await this.#steps.run('claimDeliveries', [max, leaseMs])).map(readDelivery);
  }

  async settleDelivery(id: string, retryAfterMs: number | null): Promise<void> {
    await this.#steps.run('settleDelivery', [id, retryAfterMs ?? -1]);
  }

  async postponeDeliveries(deliveries: readonly PostponedDelivery[]): Promise<void> {
    await this.#steps.run(
      'postponeDeliveries',
      deliveries.flatMap(({ id, delayMs }) => [id, delayMs]),
    );
  }

  onWork(listener: () => void): () => void {
    return this.#wakeUps.work.add(listener);
  }

  onDelivery(listener: () => void): () => void {
    return this.#wakeUps.deliveries.add(listener);
  }

  onCanceled(listener: (id: string) => void): () => void {
    return this.#wakeUps.canceled.add(listener);
  }

  onChange(id: string, listener: () => void): () => void {
    return this.#wakeUps.onChange(id, listener);
  }

  onStream(id: string, listener: () => void): () => void {
    return this.#wakeUps.onStream(id, listener);
  }

  health(): { readonly ok: boolean; readonly error: string | null } {
    const isReady = this.#connections.steps.status === 'ready';
    const error = this.#steps.error ?? (isReady ? null : this.#steps.explain(new Error('closed')).message);
    return { ok: error === null, error };
  }

  #learnDurability(): void {
    readDurability(this.#connections.steps).then(
      ({ warnings, isSyncedAlways }) => {
        for (const warning of warnings) this.#limits.warn(warning);
        this.#submissions.adaptTo(isSyncedAlways);
      },
      (error: unknown) => this.#limits.warn(this.#steps.explain(error).message),
    );
  }

  async #sendAnswers(items: readonly PackedAnswer[]): Promise<readonly (boolean | Error)[]> {
    const left = readNumbers(await this.#steps.run('complete', answerArguments(items)));
    const outcomes = items.map((_, i) => (left.includes(i + 1) ? null : true));
    return await plainFirst(items, outcomes, (some) =>
      Promise.all(some.map(({ lease, record, answerAt }) => this.#completeAny(lease, record.subarray(answerAt)))),
    );
  }

  async #completeAny({ id, token }: Lease, answer: Buffer): Promise<boolean> {
    return isDone(await this.#steps.run('completeAny', [id, token, answer]));
  }
}

/** Redis' time, going on from what it just was. */
function storeClock(atMs: number): () => number {
  const aheadMs = atMs - monotonicMs();
  return () => Math.round(aheadMs + monotonicMs());
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function isDone(reply: Reply): boolean {
  return text(reply) === '1';
}
