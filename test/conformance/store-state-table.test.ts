// Every row of the state table, on both stores. store-refusals.test.ts holds what is not in the table.
import { expect, it } from 'vitest';
import {
  claimNone,
  claimOne,
  describeStores,
  leaseMs,
  response,
  retentionMs,
  submission,
  submitAndClaim,
  ttlMs,
} from '../support/stores.ts';

describeStores('state table', (kit) => {
  it('submit: queued', async () => {
    const store = await kit().open();
    const request = submission();
    expect(await store.submit(request)).toEqual({ kind: 'accepted', position: 0 });
    expect(await store.status(request.id)).toEqual({
      id: request.id,
      mode: 'async',
      owner: '',
      state: 'queued',
      outcome: null,
      error: null,
      position: 0,
      attempts: 0,
      createdAtMs: kit().clock.nowMs(),
      deadlineAtMs: kit().clock.nowMs() + ttlMs,
      startedAtMs: null,
      completedAtMs: null,
    });
  });

  it('queued, claimed: running, with the request byte for byte', async () => {
    const store = await kit().open();
    const body = Buffer.from([0, 255, 13, 10, 128, 0]);
    const request = submission({ body });
    await store.submit(request);
    kit().clock.advance(5);
    const claim = await claimOne(store);
    expect({ ...claim.submission, body: Buffer.from(claim.submission.body) }).toEqual(request);
    expect(claim).toMatchObject({ id: request.id, attempt: 1, claimedAtMs: kit().clock.nowMs() });
    expect(claim.claimedAtMs - claim.createdAtMs).toBe(5);
    const startedAtMs = kit().clock.nowMs();
    expect(await store.status(request.id)).toMatchObject({
      state: 'running',
      attempts: 1,
      position: null,
      startedAtMs,
    });
    expect(await claimNone(store)).toBe(true);
  });

  it('running, answered: done, with the answer byte for byte', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store);
    kit().clock.advance(7);
    const answer = response({
      status: 422,
      body: Buffer.from([1, 0, 254]),
      headers: ['Set-Cookie', 'a', 'Set-Cookie', 'b'],
    });
    expect(await store.complete(claim, answer)).toBe(true);
    const result = await store.result(id);
    if (result.kind !== 'answered') throw new Error(result.kind);
    expect({ ...result.response, body: Buffer.from(result.response.body) }).toEqual(answer);
    const completedAtMs = kit().clock.nowMs();
    expect(result.status).toMatchObject({ state: 'done', outcome: 'answered', error: null, completedAtMs });
  });

  it('running, answered, mode proxy: done, the answer dropped', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store, { mode: 'proxy' });
    expect(await store.complete(claim, response())).toBe(true);
    expect(await store.result(id)).toMatchObject({ kind: 'no_response', status: { outcome: 'answered', error: null } });
    expect(await store.figures()).toMatchObject({ storedBytes: 0 });
  });

  it('running, no response with attempts left: queued after a backoff, at its place by arrival', async () => {
    const store = await kit().open();
    const first = await submitAndClaim(store);
    const second = submission();
    await store.submit(second);
    expect(await store.fail(first.claim, 'upstream_reset: gone', 1000)).toBe(true);
    expect(await store.status(first.id)).toMatchObject({ state: 'queued', attempts: 1, position: 0, error: null });
    kit().clock.advance(999);
    expect(await store.figures()).toMatchObject({ queued: 2, running: 0 });
    kit().clock.advance(1);
    expect((await claimOne(store)).id).toBe(first.id);
    expect((await claimOne(store)).id).toBe(second.id);
  });

  it('running, no response, attempts used up: done, failed, a dead letter', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store);
    expect(await store.fail(claim, 'upstream_reset: gone', null)).toBe(true);
    expect(await store.status(id)).toMatchObject({ state: 'done', outcome: 'failed', error: 'upstream_reset: gone' });
    expect(await store.deadLetters(10)).toMatchObject([{ id }]);
  });

  it('running, lease ran out: queued, attempt counted; the late worker is refused', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store);
    kit().clock.advance(leaseMs - 1);
    expect(await store.sweep()).toMatchObject({ leasesTakenBack: 0 });
    kit().clock.advance(1);
    expect(await store.sweep()).toMatchObject({ leasesTakenBack: 1, deadLettered: [] });
    expect(await store.status(id)).toMatchObject({ state: 'queued', attempts: 1, position: 0 });
    expect(await store.complete(claim, response())).toBe(false);
    const again = await claimOne(store);
    expect(again).toMatchObject({ id, attempt: 2 });
    expect(await store.complete(claim, response())).toBe(false);
    expect(await store.complete(again, response())).toBe(true);
  });

  it('running, lease ran out on the last attempt: done, failed, a dead letter', async () => {
    const store = await kit().open({ maxAttempts: 1 });
    const { id } = await submitAndClaim(store);
    kit().clock.advance(leaseMs);
    expect(await store.sweep()).toMatchObject({ leasesTakenBack: 1, deadLettered: [id] });
    const status = await store.status(id);
    expect(status).toMatchObject({ state: 'done', outcome: 'failed' });
    expect(status?.error).toMatch(/^lease_lost: /);
  });

  it('running, handed back: queued at the front, attempt not counted', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store);
    await store.submit(submission());
    expect(await store.handBack(claim)).toBe(true);
    expect(await store.status(id)).toMatchObject({ state: 'queued', attempts: 0, position: 0 });
    expect(await claimOne(store)).toMatchObject({ id, attempt: 1 });
  });

  it('queued, deadline passed: done, expired; a claim never gives it out', async () => {
    const store = await kit().open();
    const [a, b] = [submission({ ttlMs: 1000 }), submission({ ttlMs: 1000 })];
    await store.submit(a);
    await store.submit(b);
    kit().clock.advance(1000);
    expect(await claimNone(store)).toBe(true);
    // Whoever ended them, a claim or the sweep: their ids are told once, for the log.
    expect((await store.sweep()).expired.toSorted()).toEqual([a.id, b.id].toSorted());
    expect((await store.sweep()).expired).toEqual([]);
    for (const { id } of [a, b]) {
      const status = await store.status(id);
      expect(status).toMatchObject({ state: 'done', outcome: 'expired' });
      expect(status?.error).toMatch(/^expired: /);
    }
  });

  it('running, deadline passed: done, expired; its worker is told at renewal and refused', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store, { ttlMs: 1000 });
    kit().clock.advance(1000);
    expect(await store.renew([claim], leaseMs)).toEqual(['expired']);
    expect(await store.sweep()).toMatchObject({ expired: [id], leasesTakenBack: 0 });
    expect(await store.renew([claim], leaseMs)).toEqual(['expired']);
    expect(await store.complete(claim, response())).toBe(false);
    expect(await store.status(id)).toMatchObject({ state: 'done', outcome: 'expired' });
  });

  it('an expired request tells of its last failed try', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store, { ttlMs: 1000 });
    await store.handBack(claim, 10, 'upstream_unreachable: refused');
    kit().clock.advance(1000);
    await store.sweep();
    expect((await store.status(id))?.error).toContain('upstream_unreachable: refused');
  });

  it('queued, canceled: done, out of the line', async () => {
    const store = await kit().open();
    const [a, b] = [submission(), submission()];
    await store.submit(a);
    await store.submit(b);
    expect(await store.cancel(a.id)).toBe('canceled');
    expect(await store.status(a.id)).toMatchObject({ state: 'done', outcome: 'canceled', error: 'canceled' });
    expect(await store.status(b.id)).toMatchObject({ position: 0 });
    expect((await claimOne(store)).id).toBe(b.id);
  });

  it('waiting for its backoff, canceled: done, never claimed again', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store);
    await store.fail(claim, 'upstream_reset: gone', 1000);
    expect(await store.cancel(id)).toBe('canceled');
    kit().clock.advance(2000);
    await store.sweep();
    expect(await claimNone(store)).toBe(true);
  });

  it('running, canceled: done; its worker is told at renewal and refused', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store);
    const told: string[] = [];
    store.onCanceled((canceled) => told.push(canceled));
    expect(await store.cancel(id)).toBe('canceled');
    expect(await store.renew([claim], leaseMs)).toEqual(['canceled']);
    expect(await store.complete(claim, response())).toBe(false);
    expect(await store.fail(claim, 'x: y', 0)).toBe(false);
    await expect.poll(() => told).toEqual([id]);
  });

  it('done, retention over: gone, for readers at once and in the store after a sweep', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store);
    await store.complete(claim, response());
    kit().clock.advance(retentionMs - 1);
    expect(await store.status(id)).not.toBeNull();
    kit().clock.advance(1);
    expect(await store.status(id)).toBeNull();
    expect(await store.result(id)).toEqual({ kind: 'not_found' });
    expect(await store.cancel(id)).toBe('not_found');
    expect(await store.sweep()).toMatchObject({ removed: 1 });
    expect(await store.figures()).toMatchObject({ storedBytes: 0 });
  });

  it('done, deleted by its client: gone at once', async () => {
    const store = await kit().open();
    const { claim, id } = await submitAndClaim(store);
    await store.complete(claim, response());
    expect(await store.cancel(id)).toBe('deleted');
    expect(await store.status(id)).toBeNull();
    expect(await store.figures()).toMatchObject({ storedBytes: 0 });
  });
});
