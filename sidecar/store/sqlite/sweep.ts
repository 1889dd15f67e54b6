// Does what time asks for: deadlines, run-out leases (this file's own, from before a crash), retention. Bounded work per call.
import type { SweepReport } from '../store.ts';
import { releaseDelayed } from './claims.ts';
import type { Ledger } from './ledger.ts';
import type { RequestRow } from './schema.ts';

export function sweep(ledger: Ledger): SweepReport {
  const { database, limits } = ledger;
  const nowMs = ledger.nowMs();
  const due = (where: string): readonly RequestRow[] =>
    database.all<RequestRow>(`SELECT * FROM requests WHERE ${where} LIMIT ?`, nowMs, limits.sweepMax);

  const expired = due('expires_at <= ? ORDER BY expires_at');
  for (const row of expired) ledger.expire(row);

  const leases = due(`state = 'running' AND lease_until <= ? ORDER BY lease_until`);
  let deadLettered = 0;
  for (const row of leases) {
    if (row.attempts >= limits.maxAttempts) {
      const error = `lease_lost: its replica stopped answering during attempt ${row.attempts}`;
      ledger.finish(row, { outcome: 'failed', error, token: '' });
      deadLettered++;
    } else {
      ledger.requeue(row, 'lease_lost', { attempts: row.attempts, error: row.error, token: '', dueAtMs: null });
    }
  }

  const old = due('remove_at <= ? ORDER BY remove_at');
  for (const row of old) ledger.forget(row);

  releaseDelayed(ledger, limits.sweepMax);
  return { expired: expired.length, leasesTakenBack: leases.length, deadLettered, removed: old.length };
}
