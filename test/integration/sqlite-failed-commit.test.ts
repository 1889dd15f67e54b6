// A commit that fails takes back what its steps did in memory too: the line, leases, backoffs, deadlines, ids and sums are as before,
// and go on to do their work.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StoreLimits } from '../../sidecar/store/limits.ts';
import { claim, complete, fail, renew } from '../../sidecar/store/sqlite/claims.ts';
import { Database } from '../../sidecar/store/sqlite/database.ts';
import { GroupCommit } from '../../sidecar/store/sqlite/group-commit.ts';
import { submit } from '../../sidecar/store/sqlite/intake.ts';
import { Ledger } from '../../sidecar/store/sqlite/ledger.ts';
import { sweep } from '../../sidecar/store/sqlite/sweep.ts';
import type { Claim } from '../../sidecar/store/store.ts';
import { response, submission } from '../support/stores.ts';

let directory = '';
let database: Database;
let ledger: Ledger;
let group: GroupCommit<Ledger>;
let nowMs = 1_800_000_000_000;
const limits: StoreLimits = {
  retentionMs: 60_000,
  maxQueue: 1000,
  maxStoredBytes: 0,
  maxAttempts: 3,
  sweepMax: 100,
  observer: { storeLatency: () => undefined, storeError: () => undefined },
  warn: () => undefined,
  nowMs: () => nowMs,
};
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'test-rollback-'));
  database = Database.open(join(directory, 'one.db'), 'default/one');
  ledger = new Ledger(database, limits);
  ledger.memory.read(database);
  group = new GroupCommit(database, ledger, limits.observer);
});
afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true, force: true });
});

const ids = Array.from({ length: 8 }, (_, i) => `request-${i}`);
const add = (id: string, ttlMs: number) => submit(ledger, submission({ id, ttlMs }), -1);
const take = (max: number): readonly Claim[] =>
  claim(ledger, { max, worker: 'w', leaseMs: 10_000 }, `token-${max}`).claims;

/** All that can be seen of it from outside. */
function seen() {
  const { memory } = ledger;
  return {
    queued: memory.queued,
    line: memory.line.length,
    first: memory.line.first(),
    running: Object.fromEntries(memory.running),
    sums: { ...memory.tally.sums },
    requests: [...ids, 'new'].map((id) => {
      const row = ledger.find(id);
      return row === undefined ? null : ledger.statusOf(row);
    }),
  };
}

it('is as before, and what was due is still due', async () => {
  const claims = await group.do('begin', () => {
    for (const [i, id] of ids.entries()) add(id, i === 6 ? 5000 : 300_000);
    return take(3);
  });
  const [held, failing] = claims as readonly [Claim, Claim];
  await group.do('fail', () => fail(ledger, failing, 'x: y', 1000));
  const before = seen();
  const startedMs = nowMs;
  const broken = group.do('all of it', () => {
    complete(ledger, held, response());
    renew(ledger, claims[2] as Claim, 99_000);
    take(2);
    add('new', 1000);
    nowMs += 6000;
    // The one that waits is over its deadline, and the backoff of the failed one is over.
    expect(sweep(ledger).expired).toHaveLength(2);
    const expired = ledger.find('request-6');
    if (expired !== undefined) ledger.forget(expired);
    expect(ledger.findAny('request-6')).toBeUndefined();
    throw new Error('this commit fails');
  });
  await expect(broken).rejects.toThrow('this commit fails');
  nowMs = startedMs;
  expect(seen()).toEqual(before);
  nowMs += 6000;
  expect(await group.do('sweep', () => sweep(ledger))).toMatchObject({ expired: ['request-6'], leasesTakenBack: 0 });
  expect(ledger.find('request-6')?.outcome).toBe('expired');
  const again = await group.do('claim', () => take(9));
  // The failed one is back at its place by arrival, those that were given out by the failed commit too; each with its content.
  expect(again.map(({ id, attempt }) => [id, attempt])).toEqual([
    ['request-1', 2],
    ['request-3', 1],
    ['request-4', 1],
    ['request-5', 1],
    ['request-7', 1],
  ]);
  for (const { submission: given } of again) expect(Buffer.from(given.body).toString()).toBe('{"a":1}');
  nowMs += 5000;
  expect(await group.do('sweep', () => sweep(ledger))).toMatchObject({ leasesTakenBack: 2 });
});
