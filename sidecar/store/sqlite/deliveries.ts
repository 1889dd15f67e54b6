// Webhooks that are still to be delivered: they stay in the file until settled, so that a restart loses none.
import type { Delivery, PostponedDelivery } from '../store.ts';
import type { Ledger } from './ledger.ts';
import { type RequestRow, records } from './schema.ts';

export function claimDeliveries(ledger: Ledger, max: number, leaseMs: number): readonly Delivery[] {
  const nowMs = ledger.nowMs();
  const rows = ledger.database.all<RequestRow>(
    `SELECT * FROM ${records} WHERE delivery_due_at <= ? ORDER BY delivery_due_at LIMIT ?`,
    nowMs,
    max,
  );
  return rows.map((row) => {
    const attempt = (row.delivery_attempts ?? 0) + 1;
    ledger.database.run(
      'UPDATE endings SET delivery_due_at = ?, delivery_attempts = ? WHERE seq = ?',
      nowMs + leaseMs,
      attempt,
      row.seq,
    );
    return { webhook: row.webhook, status: ledger.statusOf(row), attempt };
  });
}

export function settleDelivery(ledger: Ledger, id: string, retryAfterMs: number | null): void {
  const dueAtMs = retryAfterMs === null ? null : ledger.nowMs() + retryAfterMs;
  ledger.database.run(
    'UPDATE endings SET delivery_due_at = ? WHERE seq = ? AND delivery_due_at IS NOT NULL',
    dueAtMs,
    ledger.findAny(id)?.seq ?? null,
  );
}

export function postponeDeliveries(ledger: Ledger, deliveries: readonly PostponedDelivery[]): void {
  for (const { id, delayMs } of deliveries) {
    ledger.database.run(
      `UPDATE endings SET delivery_due_at = ?, delivery_attempts = max(delivery_attempts - 1, 0)
       WHERE seq = ? AND delivery_due_at IS NOT NULL`,
      ledger.nowMs() + delayMs,
      ledger.findAny(id)?.seq ?? null,
    );
  }
}
