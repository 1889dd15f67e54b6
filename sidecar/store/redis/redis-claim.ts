// A claim that knows the record it was made from, so that its answer can be stored in one plain step (lua/complete.lua). Not in a WeakMap
// beside it: what is in one outlives the young generation, which cost 7 % of Node's CPU for a whole trip.
import type { StoredResponse, Submission } from '../record.ts';
import type { Claim, Lease } from '../store.ts';
import { type FinishedRecord, finishedRecord, isPlain } from './record-bytes.ts';

export interface ClaimedRecord {
  /** Head and names of the request, as the lease keeps them. */
  readonly leased: Buffer;
  /** Redis' time. */
  nowMs(): number;
}

export class RedisClaim implements Claim {
  readonly id: string;
  readonly token: string;
  readonly submission: Submission;
  readonly attempt: number;
  readonly createdAtMs: number;
  readonly deadlineAtMs: number;
  readonly claimedAtMs: number;
  readonly #record: ClaimedRecord;

  constructor(claim: Claim, record: ClaimedRecord) {
    this.id = claim.id;
    this.token = claim.token;
    this.submission = claim.submission;
    this.attempt = claim.attempt;
    this.createdAtMs = claim.createdAtMs;
    this.deadlineAtMs = claim.deadlineAtMs;
    this.claimedAtMs = claim.claimedAtMs;
    this.#record = record;
  }

  /** Its record with this answer; nothing where more is to be done than to store it, or who asks has only the names of a claim. */
  static finish(lease: Lease, response: StoredResponse, retentionMs: number): FinishedRecord | undefined {
    if (!(lease instanceof RedisClaim)) return undefined;
    const { leased, nowMs } = lease.#record;
    return isPlain(leased) ? finishedRecord(leased, response, nowMs(), retentionMs) : undefined;
  }
}
