// Turns the replies of the Lua steps into the words of the store contract.
import { decodeAnswer, decodeRequest, decodeStart } from '../payload.ts';
import type { RequestStatus } from '../record.ts';
import {
  type Delivery,
  type QueueFigures,
  type ResultOutcome,
  restOf,
  type StreamRead,
  type SubmitOutcome,
} from '../store.ts';
import { readClaimed, readStatus as statusOf } from './record-bytes.ts';
import { RedisClaim } from './redis-claim.ts';

export type Reply = Buffer | number | null | readonly Reply[];

export function text(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString() : reply === null || reply === undefined ? '' : String(reply);
}

export function list(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}

/** As lua/include/look.lua gives it. */
export function readStatus(reply: Reply | undefined): RequestStatus {
  const [id, record, error, position] = list(reply);
  return statusOf(text(id), record as Buffer, text(error), Number(position));
}

/** Of look.lua, asked for the beginning of the answer. */
export function readResult(reply: Reply): ResultOutcome {
  if (reply === null) return { kind: 'not_found' };
  const [fields, answer, size] = list(reply);
  const status = readStatus(fields);
  if (!Buffer.isBuffer(answer)) return { kind: 'no_response', status };
  const rest = restOf(status, answer.length, Number(size));
  return { kind: 'answered', status, response: decodeAnswer(answer), rest };
}

/** Whole numbers in one text. */
export function readNumbers(reply: Reply): readonly number[] {
  const numbers = text(reply);
  return numbers === '' ? [] : numbers.split(' ').map(Number);
}

/** Of submit.lua: those of as many submissions; null where submit-any is to be asked. */
export function readAccepted(reply: Reply, count: number): readonly (SubmitOutcome | null)[] {
  const [refusal = '', number] = text(reply).split(' ');
  if (/^[a-z]/.test(refusal)) return new Array<SubmitOutcome>(count).fill(readSubmitOutcome(refusal, number));
  const [waitedBefore, ...left] = readNumbers(reply);
  if (waitedBefore === undefined) return new Array<null>(count).fill(null);
  let position = waitedBefore;
  return Array.from({ length: count }, (_, i) =>
    left.includes(i + 1) ? null : { kind: 'accepted' as const, position: position++ },
  );
}

/** Of submit-any.lua: outcome and number of each submission. */
export function readSubmitOutcomes(reply: Reply): readonly SubmitOutcome[] {
  const fields = list(reply);
  return Array.from({ length: fields.length / 2 }, (_, i) => readSubmitOutcome(text(fields[2 * i]), fields[2 * i + 1]));
}

export function readSubmitOutcome(kind: string, count: Reply | string | undefined): SubmitOutcome {
  const number = Number(count);
  switch (kind) {
    case 'accepted':
      return { kind, position: number };
    case 'full':
    case 'unreachable':
      return { kind, queued: number };
    case 'quota_exceeded':
      return { kind, storedBytes: number };
    case 'duplicate':
    case 'conflict':
      return { kind };
    default:
      throw new Error(`the store answered ${JSON.stringify(kind)} to a submission`);
  }
}

/** Three fields of each claim after two counts and the time, see claim.lua. */
export function readClaims(reply: readonly Reply[], token: string, nowMs: () => number): readonly RedisClaim[] {
  const claims: RedisClaim[] = [];
  const claimedAtMs = Number(text(reply[2]));
  for (let at = 3; at + 3 <= reply.length; at += 3) {
    const id = text(reply[at]);
    const leased = reply[at + 1] as Buffer;
    const stored = readClaimed(leased, reply[at + 2] as Buffer);
    if (stored.content.length === 0) continue;
    const { mode, owner, webhook, attempt, createdAtMs, deadlineAtMs } = stored;
    const { method, target, headers, body } = decodeRequest(stored.content);
    const ttlMs = deadlineAtMs - createdAtMs;
    const submission = { id, mode, method, target, headers, body, owner, webhook, ttlMs };
    const claim = { id, token, attempt, createdAtMs, deadlineAtMs, claimedAtMs, submission };
    claims.push(new RedisClaim(claim, { leased, nowMs }));
  }
  return claims;
}

export function readFigures(reply: readonly Reply[]): QueueFigures {
  const [queued, running, deadLetters, oldest, bytes, rateTime, rateCount] = reply.map((field) => Number(text(field)));
  return {
    queued: queued ?? 0,
    running: running ?? 0,
    deadLetters: deadLetters ?? 0,
    oldestQueuedAtMs: oldest === undefined || oldest < 0 ? null : oldest,
    storedBytes: bytes ?? 0,
    departuresPerSecond: rateCount ? (rateCount * 1000) / Math.max(rateTime ?? 0, 1) : null,
  };
}

export function readDelivery(reply: Reply): Delivery {
  const [attempt, webhook, status] = list(reply);
  return { attempt: Number(text(attempt)), webhook: text(webhook), status: readStatus(status) };
}

/** Of read-stream.lua. */
export function readStreamPieces([isEnded, head, ...rest]: readonly Reply[]): StreamRead {
  const chunks = [];
  for (let at = 0; at + 1 < rest.length; at += 2) {
    chunks.push({ sequence: Number(text(rest[at])), bytes: rest[at + 1] as Buffer });
  }
  const start = Buffer.isBuffer(head) ? decodeStart(head.toString()) : null;
  return { kind: 'chunks', start, chunks, isEnded: text(isEnded) === '1' };
}
