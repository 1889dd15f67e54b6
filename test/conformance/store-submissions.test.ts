// What a store accepts and what it refuses: idempotence, limits, places in line; on both stores.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Submission } from '../../sidecar/store/record.ts';
import {
  claimOne,
  describeStores,
  leaseMs,
  response,
  retentionMs,
  storedAnswer,
  submission,
} from '../support/stores.ts';

describeStores('submissions', (kit) => {
  it('the same id with the same method, target and body is the same request, in every state', async () => {
    const store = await kit().open();
    const request = submission();
    const again = { ...request, headers: ['Other', 'header'] };
    await store.submit(request);
    expect(await store.submit(again)).toEqual({ kind: 'duplicate' });
    const claim = await claimOne(store);
    expect(await store.submit(again)).toEqual({ kind: 'duplicate' });
    await store.complete(claim, response());
    expect(await store.submit(again)).toEqual({ kind: 'duplicate' });
    expect(await store.figures()).toMatchObject({ queued: 0, running: 0 });
    expect(await store.result(request.id)).toMatchObject({ kind: 'answered' });
  });

  it.each([
    ['body', { body: Buffer.from('{"a":2}') }],
    ['target', { target: '/v1/other' }],
    ['method', { method: 'PUT' }],
    ['owner', { owner: 'somebody-else' }],
  ])('the same id with another %s is a conflict, before and after completion', async (_, difference) => {
    const store = await kit().open();
    const request = submission();
    await store.submit(request);
    expect(await store.submit({ ...request, ...difference })).toEqual({ kind: 'conflict' });
    await store.complete(await claimOne(store), response());
    expect(await store.submit({ ...request, ...difference })).toEqual({ kind: 'conflict' });
  });

  it('small and large bodies and answers that come together, with long names, come back byte for byte', async () => {
    const store = await kit().open();
    const webhook = `https://example.com/${'w'.repeat(600)}`;
    const sizes = [0, 300, 65_537, 1, 200_000];
    const bytesOf = (size: number) => Buffer.from(Array.from({ length: size }, (_, i) => (i * 7 + size) % 256));
    const requests = sizes.map((size) => submission({ body: bytesOf(size), owner: 'größe', webhook }));
    await Promise.all(requests.map((request) => store.submit(request)));
    const { claims } = await store.claim({ max: 10, worker: 'test', leaseMs });
    expect(claims.map(({ id }) => id)).toEqual(requests.map(({ id }) => id));
    for (const [i, { submission: claimed }] of claims.entries()) {
      expect(claimed).toMatchObject({ owner: 'größe', webhook, target: requests[i]?.target });
      expect(Buffer.from(claimed.body).equals(requests[i]?.body as Buffer)).toBe(true);
    }
    const answers = claims.map(({ submission: { body } }) => response({ body: Buffer.concat([body, bytesOf(99)]) }));
    await Promise.all(claims.map((claim, i) => store.complete(claim, answers[i] as (typeof answers)[number])));
    for (const [i, { id }] of claims.entries()) {
      const result = await storedAnswer(store, id);
      expect(Buffer.concat(result.pieces).equals(answers[i]?.body as Buffer)).toBe(true);
      expect(result.status.owner).toBe('größe');
    }
  });

  it('an id is free again after retention, also before a sweep', async () => {
    const store = await kit().open();
    const request = submission();
    await store.submit(request);
    await store.complete(await claimOne(store), response());
    kit().clock.advance(retentionMs);
    expect(await store.submit({ ...request, body: Buffer.from('new') })).toEqual({ kind: 'accepted', position: 0 });
    await store.sweep();
    expect(await store.status(request.id)).toMatchObject({ state: 'queued' });
    expect((await store.figures()).queued).toBe(1);
  });

  it('submissions of one turn that name one id are one request', async () => {
    const store = await kit().open();
    const request = submission();
    const outcomes = await Promise.all([store.submit(request), store.submit(request), store.submit(request)]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['accepted', 'duplicate', 'duplicate']);
  });

  it('among the submissions of one turn those that are there already take no place and no bytes', async () => {
    const store = await kit().open();
    const known = submission();
    await store.submit(known);
    const { storedBytes: bytesEach } = await store.figures();
    const changed = { ...known, body: Buffer.from('other') };
    const turn = [submission(), known, submission({ ttlMs: 1000 }), changed, submission()];
    expect(await Promise.all(turn.map((one) => store.submit(one)))).toEqual([
      { kind: 'accepted', position: 1 },
      { kind: 'duplicate' },
      { kind: 'accepted', position: 2 },
      { kind: 'conflict' },
      { kind: 'accepted', position: 3 },
    ]);
    expect(await store.figures()).toMatchObject({ queued: 4, storedBytes: 4 * bytesEach });
    kit().clock.advance(1000);
    await store.sweep();
    expect((await store.figures()).queued).toBe(3);
    expect(await store.status((turn[2] as Submission).id)).toMatchObject({ outcome: 'expired' });
  });

  it('refuses more than the queue may hold, those in backoff included; a duplicate is never refused', async () => {
    const store = await kit().open({ maxQueue: 2 });
    const first = submission();
    await store.submit(first);
    await store.fail(await claimOne(store), 'x: y', 5000);
    await store.submit(submission());
    expect(await store.submit(submission())).toEqual({ kind: 'full', queued: 2 });
    expect(await store.submit(first)).toEqual({ kind: 'duplicate' });
    await claimOne(store);
    expect(await store.submit(submission())).toMatchObject({ kind: 'accepted' });
  });

  it('refuses in one turn as it does one by one', async () => {
    const store = await kit().open({ maxQueue: 3 });
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => store.submit(submission())));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted', 'full', 'full']);
  });

  it('where there is no room at all, a whole turn is refused for that reason, but for what is there already', async () => {
    const store = await kit().open({ maxQueue: 2, maxStoredBytes: 0 });
    const known = submission();
    await store.submit(known);
    expect(await Promise.all([submission(), submission()].map((one) => store.submit(one, 0)))).toEqual([
      { kind: 'unreachable', queued: 1 },
      { kind: 'unreachable', queued: 1 },
    ]);
    // One of them makes it.
    const mixed = [store.submit(submission(), 0), store.submit(submission(), 1), store.submit(submission(), 5)];
    expect((await Promise.all(mixed)).map(({ kind }) => kind)).toEqual(['unreachable', 'accepted', 'full']);
    const turns = [
      [submission(), submission()],
      [submission(), known, submission()],
    ];
    for (const turn of turns) {
      const expected = turn.map((one) => (one === known ? { kind: 'duplicate' } : { kind: 'full', queued: 2 }));
      expect(await Promise.all(turn.map((one) => store.submit(one)))).toEqual(expected);
    }
  });

  it('refuses a place that cannot be reached in time; a duplicate is never refused', async () => {
    const store = await kit().open();
    const first = submission();
    await store.submit(first);
    await store.submit(submission());
    expect(await store.submit(submission(), 1)).toEqual({ kind: 'unreachable', queued: 2 });
    expect(await store.submit(first, 1)).toEqual({ kind: 'duplicate' });
    expect(await store.submit(submission(), 2)).toMatchObject({ kind: 'accepted' });
  });

  it('refuses a turn that the quota has no room for, and takes what of it has', async () => {
    const store = await kit().open({ maxStoredBytes: 1500 });
    await store.submit(submission({ body: Buffer.alloc(500) }));
    const { storedBytes } = await store.figures();
    const large = () => store.submit(submission({ body: Buffer.alloc(1000) }));
    const refused = { kind: 'quota_exceeded', storedBytes };
    expect(await Promise.all([large(), large()])).toEqual([refused, refused]);
    expect(await Promise.all([large(), store.submit(submission())])).toEqual([
      refused,
      { kind: 'accepted', position: 1 },
    ]);
  });

  it('keeps to a byte quota over requests, answers and streams, and gets the bytes back', async () => {
    const store = await kit().open({ maxStoredBytes: 1000 });
    const request = submission({ body: Buffer.alloc(500) });
    await store.submit(request);
    const { storedBytes } = await store.figures();
    expect(storedBytes).toBeGreaterThan(500);
    expect(await store.submit(submission({ body: Buffer.alloc(500) }))).toEqual({
      kind: 'quota_exceeded',
      storedBytes,
    });
    const claim = await claimOne(store);
    await store.startStream(claim, { status: 200, headers: [] });
    await store.appendStream(claim, 0, [Buffer.alloc(100)]);
    expect((await store.figures()).storedBytes).toBeGreaterThan(storedBytes + 100);
    await store.complete(claim, response({ body: Buffer.alloc(100) }));
    // The request's own bytes are gone with its answer; answer and stream are there.
    expect((await store.figures()).storedBytes).toBeLessThan(400);
    expect((await store.figures()).storedBytes).toBeGreaterThan(200);
    expect(await store.submit(submission({ body: Buffer.alloc(500) }))).toMatchObject({ kind: 'accepted' });
    await store.cancel(request.id);
    const second = await claimOne(store);
    await store.fail(second, 'x: y', null);
    kit().clock.advance(retentionMs);
    await store.sweep();
    expect(await store.figures()).toMatchObject({ storedBytes: 0, deadLetters: 0, queued: 0, running: 0 });
  });

  it('places in line count those before, also after leaving, handing back and backoff', async () => {
    const store = await kit().open();
    const ids = Array.from({ length: 6 }, () => randomUUID());
    for (const [i, id] of ids.entries()) {
      expect(await store.submit(submission({ id }))).toEqual({ kind: 'accepted', position: i });
    }
    const positions = async () => Promise.all(ids.map(async (id) => (await store.status(id))?.position));
    expect(await positions()).toEqual([0, 1, 2, 3, 4, 5]);
    const first = await claimOne(store);
    expect(await positions()).toEqual([null, 0, 1, 2, 3, 4]);
    await store.cancel(ids[2] ?? '');
    expect(await positions()).toEqual([null, 0, null, 1, 2, 3]);
    await store.handBack(first);
    expect(await positions()).toEqual([0, 1, null, 2, 3, 4]);
    await store.fail(await claimOne(store), 'x: y', 1000);
    expect(await positions()).toEqual([0, 0, null, 1, 2, 3]);
  });

  it('a claim gives at most what was asked for, in order of arrival, and says whether more is due', async () => {
    const store = await kit().open();
    const ids = Array.from({ length: 5 }, () => randomUUID());
    for (const id of ids) await store.submit(submission({ id }));
    const first = await store.claim({ max: 3, worker: 'a', leaseMs });
    expect(first.claims.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    expect(first.isMoreDue).toBe(true);
    const second = await store.claim({ max: 3, worker: 'b', leaseMs });
    expect(second.claims.map(({ id }) => id)).toEqual(ids.slice(3));
    expect(second.isMoreDue).toBe(false);
  });

  it('figures count, and tell the rate only of departures that others waited for', async () => {
    const store = await kit().open();
    const arrivedAtMs = kit().clock.nowMs();
    for (let i = 0; i < 4; i++) await store.submit(submission());
    expect(await store.figures()).toMatchObject({
      queued: 4,
      oldestQueuedAtMs: arrivedAtMs,
      departuresPerSecond: null,
    });
    for (let i = 0; i < 4; i++) {
      const claim = await claimOne(store);
      kit().clock.advance(500);
      await store.complete(claim, response());
    }
    const { departuresPerSecond, queued, oldestQueuedAtMs } = await store.figures();
    expect(queued).toBe(0);
    expect(oldestQueuedAtMs).toBeNull();
    expect(departuresPerSecond).toBeCloseTo(2, 1);
    kit().clock.advance(30_000);
    expect((await store.figures()).departuresPerSecond).toBeCloseTo(2, 1);
  });

  it('a lease is renewed for as long as its holder says, a lost one is not', async () => {
    const store = await kit().open();
    await store.submit(submission());
    const claim = await claimOne(store);
    for (let i = 0; i < 5; i++) {
      kit().clock.advance(leaseMs - 1);
      expect(await store.renew([claim, { id: claim.id, token: 'other' }], leaseMs)).toEqual(['held', 'lost']);
      expect(await store.sweep()).toMatchObject({ leasesTakenBack: 0 });
    }
    kit().clock.advance(leaseMs);
    await store.sweep();
    expect(await store.renew([claim], leaseMs)).toEqual(['lost']);
  });

  it('dead letters are listed newest first, replayed once as a new request, and refused like any other', async () => {
    const store = await kit().open({ maxQueue: 1 });
    const requests = [submission({ owner: 'alice' }), submission()];
    for (const request of requests) {
      await store.submit(request);
      kit().clock.advance(10);
      await store.fail(await claimOne(store), 'upstream_reset: gone', null);
    }
    const [first, second] = requests.map(({ id }) => id);
    expect((await store.deadLetters(10)).map(({ id }) => id)).toEqual([second, first]);
    expect((await store.deadLetters(1)).map(({ id }) => id)).toEqual([second]);
    expect(await store.replay(first ?? '', 'again')).toEqual({ kind: 'accepted', position: 0 });
    expect(await store.replay(first ?? '', 'twice')).toBeNull();
    expect(await store.replay(second ?? '', 'other')).toEqual({ kind: 'full', queued: 1 });
    expect((await store.deadLetters(10)).map(({ id }) => id)).toEqual([second]);
    expect(await store.status(first ?? '')).toMatchObject({ state: 'done', outcome: 'failed' });
    const claim = await claimOne(store);
    expect(claim).toMatchObject({
      id: 'again',
      attempt: 1,
      submission: { owner: 'alice', target: requests[0]?.target },
    });
    expect(Buffer.from(claim.submission.body)).toEqual(requests[0]?.body);
  });

  it('a dead letter past its retention is gone, swept up or not', async () => {
    const store = await kit().open();
    const request = submission();
    await store.submit(request);
    await store.fail(await claimOne(store), 'upstream_reset: gone', null);
    kit().clock.advance(retentionMs);
    expect(await store.replay(request.id, 'again')).toBeNull();
    expect(await store.deadLetters(10)).toEqual([]);
  });
});
