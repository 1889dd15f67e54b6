// Turns the replies of the Lua steps into the words of the store contract. The order of fields is that of lua/include/look.lua.

import { decodeRequest } from '../payload.ts';
import type { Outcome, RequestStatus, StoredMode } from '../record.ts';
import type { Claim, Delivery, QueueFigures, SubmitOutcome } from '../store.ts';

export type Reply = Buffer | number | null | readonly Reply[];

export function text(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString() : reply === null || reply === undefined ? '' : String(reply);
}

export function list(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}

export function readStatus(reply: Reply | undefined): RequestStatus {
  const [id, state, mode, owner, outcome, error, attempts, created, deadline, started, completed, position] =
    list(reply).map(text);
  const isQueued = state === 'queued' || state === 'delayed';
  return {
    id: id ?? '',
    mode: mode as StoredMode,
    owner: owner ?? '',
    state: isQueued ? 'queued' : state === 'running' ? 'running' : 'done',
    outcome: outcome === '' ? null : (outcome as Outcome),
    error: state === 'done' && error ? error : null,
    position: isQueued ? Number(position) : null,
    attempts: Number(attempts),
    createdAtMs: Number(created),
    deadlineAtMs: Number(deadline),
    startedAtMs: started ? Number(started) : null,
    completedAtMs: completed ? Number(completed) : null,
  };
}

export function readSubmitOutcome(outcome: Reply | undefined, count: Reply | undefined): SubmitOutcome {
  const kind = text(outcome);
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

/** Fields of each claim after two counts and the time, see claim.lua. */
export function readClaims(reply: readonly Reply[], token: string): readonly Claim[] {
  const claims: Claim[] = [];
  for (let at = 3; at + 8 <= reply.length; at += 8) {
    const [id, attempt, deadline, created, mode, owner, webhook] = reply.slice(at, at + 7).map(text);
    const payload = reply[at + 7];
    if (!Buffer.isBuffer(payload) || payload.length === 0) continue;
    claims.push({
      id: id ?? '',
      token,
      attempt: Number(attempt),
      createdAtMs: Number(created),
      deadlineAtMs: Number(deadline),
      claimedAtMs: Number(text(reply[2])),
      submission: {
        id: id ?? '',
        mode: mode as StoredMode,
        owner: owner ?? '',
        webhook: webhook ?? '',
        ttlMs: Number(deadline) - Number(created),
        ...decodeRequest(payload),
      },
    });
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
