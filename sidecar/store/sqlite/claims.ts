// What a worker does with requests: claim, renew, complete, fail, hand back. All but the claim are conditional on the lease.
import { encodeAnswer } from '../payload.ts';
import type { StoredResponse } from '../record.ts';
import { BODY_PIECE_BYTES, type Claim, type ClaimOptions, type Lease, type LeaseState } from '../store.ts';
import { isOverdue, type Ledger } from './ledger.ts';
import { claimed } from './memory.ts';
import { mostInRow } from './schema.ts';
import type { Waiting } from './waiting-content.ts';

/** Bytes of requests that one claim carries at most; a larger one goes alone. */
const maxClaimBytes = 64 * 1024 * 1024;

export interface ClaimedRows {
  readonly claims: readonly Claim[];
  readonly expired: readonly string[];
}

export function claim(ledger: Ledger, options: ClaimOptions, token: string): ClaimedRows {
  releaseDelayed(ledger, 100);
  const nowMs = ledger.nowMs();
  const claims: Claim[] = [];
  const seqs: number[] = [];
  const expired: string[] = [];
  let room = maxClaimBytes;
  while (claims.length < options.max && expired.length < 100) {
    const seq = ledger.memory.line.first();
    if (seq === undefined) break;
    const waiting = ledger.memory.content.get(seq);
    const { row } = waiting;
    if (row.deadline_at <= nowMs) {
      ledger.expire(row);
      expired.push(row.id);
      continue;
    }
    if (claims.length > 0 && row.payload_bytes > room) break;
    room -= row.payload_bytes;
    claims.push(give(ledger, waiting, token, nowMs, options.leaseMs));
    seqs.push(seq);
  }
  if (seqs.length > 0) ledger.memory.claims.add({ token, startedAtMs: nowMs, seqs });
  return { claims, expired };
}

function give(ledger: Ledger, { row, content }: Waiting, token: string, nowMs: number, leaseMs: number): Claim {
  ledger.leave(row);
  const running = claimed(row, token, nowMs);
  ledger.memory.hold(running, nowMs + leaseMs);
  ledger.changed(row.id);
  const { id, mode, owner, webhook, created_at: createdAtMs, deadline_at: deadlineAtMs } = row;
  const { method, target, headers, bytes } = content;
  const body = bytes.subarray(bytes.byteLength - content.bodyBytes);
  const ttlMs = deadlineAtMs - createdAtMs;
  const submission = { id, mode, owner, webhook, ttlMs, method, target, headers, body };
  return { id, token, attempt: running.attempts, createdAtMs, deadlineAtMs, claimedAtMs: nowMs, submission };
}

/** Requests whose backoff is over go back to their place by arrival. */
export function releaseDelayed(ledger: Ledger, max: number): void {
  const { database, memory } = ledger;
  const nowMs = ledger.nowMs();
  for (let released = 0; released < max; released++) {
    const seq = memory.takeDue(nowMs);
    if (seq === undefined) return;
    database.run(`UPDATE requests SET due_at = NULL WHERE seq = ?`, seq);
    ledger.joinLine(seq);
  }
}

/** A lease lives in memory alone, so a renewal writes nothing. */
export function renew(ledger: Ledger, lease: Lease, leaseMs: number): LeaseState {
  const nowMs = ledger.nowMs();
  const row = ledger.memory.running.get(lease.id)?.row;
  if (row === undefined) {
    const outcome = ledger.find(lease.id)?.outcome;
    return outcome === 'canceled' || outcome === 'expired' ? outcome : 'lost';
  }
  if (row.token !== lease.token) return 'lost';
  if (isOverdue(row, nowMs)) return 'expired';
  ledger.memory.hold(row, nowMs + leaseMs);
  return 'held';
}

export function complete(ledger: Ledger, lease: Lease, response: StoredResponse): boolean {
  const row = ledger.heldBy(lease);
  if (typeof row === 'boolean') return row;
  let answerBytes = row.answer_bytes;
  let answer: Uint8Array | null = null;
  if (row.stream_head === null && answerBytes > 0) {
    // A stream of an earlier attempt that broke off: this answer is not its end.
    ledger.database.run('DELETE FROM stream_pieces WHERE seq = ?', row.seq);
    answerBytes = 0;
  }
  if (row.mode === 'async') {
    const bytes = encodeAnswer(response);
    if (bytes.byteLength <= mostInRow.answer) answer = bytes;
    else keepAnswer(ledger, row.seq, bytes);
    answerBytes += bytes.byteLength;
  }
  ledger.memory.tally.add('bytes', answerBytes - row.answer_bytes);
  ledger.finish(row, { outcome: 'answered', error: '', token: lease.token, answer, answerBytes });
  departed(ledger);
  return true;
}

/** In pieces, since SQLite reads a value as a whole. */
function keepAnswer({ database }: Ledger, seq: number, bytes: Buffer): void {
  database.run('INSERT INTO answers (seq, bytes) VALUES (?, ?)', seq, bytes.subarray(0, BODY_PIECE_BYTES));
  for (let at = BODY_PIECE_BYTES; at < bytes.length; at += BODY_PIECE_BYTES) {
    const piece = bytes.subarray(at, at + BODY_PIECE_BYTES);
    database.run('INSERT INTO answer_pieces (seq, at, bytes) VALUES (?, ?, ?)', seq, at, piece);
  }
}

export function fail(ledger: Ledger, lease: Lease, error: string, retryAfterMs: number | null): boolean {
  const row = ledger.heldBy(lease);
  if (typeof row === 'boolean') return row;
  if (retryAfterMs === null) {
    ledger.finish(row, { outcome: 'failed', error, token: lease.token });
    departed(ledger);
  } else {
    const dueAtMs = retryAfterMs > 0 ? ledger.nowMs() + retryAfterMs : null;
    ledger.requeue(row, 'attempt_failed', { attempts: row.attempts, error, token: lease.token, dueAtMs });
  }
  return true;
}

export function handBack(ledger: Ledger, lease: Lease, retryAfterMs: number, error: string): boolean {
  const row = ledger.heldBy(lease);
  if (typeof row === 'boolean') return row;
  const dueAtMs = retryAfterMs > 0 ? ledger.nowMs() + retryAfterMs : null;
  const again = { attempts: row.attempts - 1, error: error === '' ? row.error : error, token: lease.token, dueAtMs };
  ledger.requeue(row, 'handed_back', again);
  return true;
}

function departed(ledger: Ledger): void {
  const nowMs = ledger.nowMs();
  ledger.afterCommit(() => ledger.rate.departed(nowMs, ledger.memory.line.length > 0));
}
