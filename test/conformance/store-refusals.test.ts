// What is not in the state table is refused without a trace, on both stores: strangers, repeated and contradicting steps, unknown ids.
import { expect, it } from 'vitest';
import { type RequestEvent, type RequestState, transitions } from '../../sidecar/store/record.ts';
import type { Claim, Store } from '../../sidecar/store/store.ts';
import {
  claimOne,
  describeStores,
  leaseMs,
  response,
  retentionMs,
  submission,
  submitAndClaim,
} from '../support/stores.ts';

describeStores('refusals', (kit) => {
  it.each(['queued', 'running', 'done'] as const)(
    'whatever the table lacks for %s is refused and changes nothing',
    async (state) => {
      const store = await kit().open();
      const { claim, id } = await submitAndClaim(store);
      if (state === 'queued') await store.handBack(claim);
      if (state === 'done') await store.complete(claim, response());
      const stranger = { id, token: 'somebody-else' };
      const before = await store.status(id);
      for (const event of refusedBy(state)) {
        expect(await attempt(store, stranger, event), event).toBe(false);
        expect(await store.status(id), event).toEqual(before);
      }
    },
  );

  it('a terminal state is written once: repeating or contradicting it changes nothing', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store);
    await store.complete(claim, response());
    const before = await store.result(id);
    kit().clock.advance(10);
    expect(await store.complete(claim, response({ status: 500, body: Buffer.from('late') }))).toBe(true);
    await store.fail(claim, 'x: y', null);
    await store.handBack(claim);
    expect(await store.result(id)).toEqual(before);
    expect(await store.figures()).toMatchObject({ queued: 0, running: 0, deadLetters: 0 });
  });

  it('among the answers of one turn those whose lease was lost change nothing, and the others count', async () => {
    const store = await kit().open();
    const body = Buffer.alloc(1000);
    const some = await Promise.all(Array.from({ length: 4 }, () => submitAndClaim(store)));
    const [first, canceled, twice, last] = some.map(({ claim }) => claim) as [Claim, Claim, Claim, Claim];
    await store.complete(first, response({ body }));
    const { storedBytes: before } = await store.figures();
    await store.cancel(canceled.id);
    const answers = [canceled, twice, twice, last].map((claim) => store.complete(claim, response({ body })));
    expect(await Promise.all(answers)).toEqual([false, true, true, true]);
    expect(await store.status(canceled.id)).toMatchObject({ outcome: 'canceled' });
    for (const { id } of [twice, last]) expect(await store.result(id)).toMatchObject({ kind: 'answered' });
    // What is kept of an answer, three times; nothing of any payload.
    const { storedBytes } = await store.figures();
    const perAnswer = storedBytes / 3;
    expect(perAnswer).toBeGreaterThan(1000);
    expect(before).toBeGreaterThan(perAnswer);
    await store.submit(submission({ body }));
    const { storedBytes: after } = await store.figures();
    kit().clock.advance(retentionMs);
    expect(await store.sweep()).toMatchObject({ removed: 4 });
    expect(await store.figures()).toMatchObject({ storedBytes: after - storedBytes, running: 0, queued: 1 });
  });

  it('a step whose reply was lost may be repeated by the same holder', async () => {
    const store = await kit().open();
    const failed = await submitAndClaim(store);
    expect(await store.fail(failed.claim, 'x: y', 0)).toBe(true);
    expect(await store.fail(failed.claim, 'x: y', 0)).toBe(true);
    expect(await store.status(failed.id)).toMatchObject({ state: 'queued', attempts: 1 });
    const again = await claimOne(store);
    expect(await store.handBack(again)).toBe(true);
    expect(await store.handBack(again)).toBe(true);
    expect(await store.status(failed.id)).toMatchObject({ state: 'queued', attempts: 1 });
    expect(await store.figures()).toMatchObject({ queued: 1, running: 0 });
  });

  it('an unknown id is nobody', async () => {
    const store = await kit().open();
    const stranger = { id: 'nobody', token: 'none' };
    expect(await store.status('nobody')).toBeNull();
    expect(await store.result('nobody')).toEqual({ kind: 'not_found' });
    expect(await store.cancel('nobody')).toBe('not_found');
    expect(await store.renew([stranger], leaseMs)).toEqual(['lost']);
    expect(await store.complete(stranger, response())).toBe(false);
    expect(await store.fail(stranger, 'x: y', 0)).toBe(false);
    expect(await store.handBack(stranger)).toBe(false);
    expect(await store.readStream('nobody', 0, 10)).toEqual({ kind: 'not_found' });
    expect(await store.replay('nobody', 'new')).toBeNull();
  });
});

const workerEvents: readonly RequestEvent[] = ['answered', 'attempt_failed', 'attempts_used_up', 'handed_back'];

/** What a worker without the lease might try; for `running` all of it, since it does not hold the lease. */
function refusedBy(state: RequestState): readonly RequestEvent[] {
  return workerEvents.filter((event) => state === 'running' || transitions[state][event] === undefined);
}

function attempt(store: Store, lease: { id: string; token: string }, event: RequestEvent): Promise<boolean> {
  if (event === 'answered') return store.complete(lease, response());
  if (event === 'attempt_failed') return store.fail(lease, 'x: y', 0);
  if (event === 'attempts_used_up') return store.fail(lease, 'x: y', null);
  return store.handBack(lease);
}
