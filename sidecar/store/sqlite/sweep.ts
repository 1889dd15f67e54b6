// Does what time asks for: deadlines, run-out leases (this file's own, from before a crash), retention. Bounded work per call.
import type { SweepReport } from '../store.ts';
import { releaseDelayed } from './claims.ts';
import { isOverdue, type Ledger } from './ledger.ts';
import { type LiveRow, type RequestRow, records } from './schema.ts';

export function sweep(ledger: Ledger): SweepReport {
  const { database, limits } = ledger;
  const nowMs = ledger.nowMs();
  const expired = expireOverdue(ledger, nowMs);
  const { leasesTakenBack, deadLettered } = takeLeasesBack(ledger, nowMs);
  const old = database.all<RequestRow>(
    `SELECT * FROM ${records} WHERE remove_at <= ? ORDER BY remove_at LIMIT ?`,
    nowMs,
    limits.sweepMax,
  );
  for (const row of old) ledger.forget(row);
  releaseDelayed(ledger, limits.sweepMax);
  return { expired, leasesTakenBack, deadLettered, removed: old.length };
}

function expireOverdue(ledger: Ledger, nowMs: number): readonly string[] {
  const { limits, memory } = ledger;
  const expired: string[] = [];
  const expire = (row: LiveRow) => {
    ledger.expire(row);
    expired.push(row.id);
  };
  for (const { row } of [...memory.running.values()]) {
    if (isOverdue(row, nowMs) && expired.length < limits.sweepMax) expire(row);
  }
  while (expired.length < limits.sweepMax) {
    const seq = memory.takeOverdue(nowMs);
    if (seq === undefined) break;
    const row = ledger.row(seq);
    if (row !== undefined) expire(row);
  }
  return expired;
}

function takeLeasesBack(ledger: Ledger, nowMs: number) {
  const { limits, memory } = ledger;
  let leasesTakenBack = 0;
  const deadLettered: string[] = [];
  for (const { row, leaseUntilMs } of [...memory.running.values()]) {
    if (leaseUntilMs > nowMs || leasesTakenBack === limits.sweepMax) continue;
    leasesTakenBack++;
    if (row.attempts >= limits.maxAttempts) {
      const error = `lease_lost: its replica stopped answering during attempt ${row.attempts}`;
      ledger.finish(row, { outcome: 'failed', error, token: '' });
      deadLettered.push(row.id);
    } else {
      ledger.requeue(row, 'lease_lost', { attempts: row.attempts, error: row.error, token: '', dueAtMs: null });
    }
  }
  return { leasesTakenBack, deadLettered };
}
