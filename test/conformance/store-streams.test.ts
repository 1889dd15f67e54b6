// Recorded event streams and pending webhooks; on both stores.
import { expect, it } from 'vitest';
import type { Store, StreamRead } from '../../sidecar/store/store.ts';
import { claimOne, describeStores, leaseMs, response, submission, ttlMs } from '../support/stores.ts';

const head = { status: 200, headers: ['Content-Type', 'text/event-stream'] };
const pieces = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

describeStores('recorded streams', (kit) => {
  it('are read from any place, in order, bytes untouched, and end when the request ends', async () => {
    const store = await kit().open();
    const { id } = await begin(store);
    expect(await store.readStream(id, 0, 10)).toEqual({ kind: 'chunks', start: null, chunks: [], isEnded: false });
    const claim = await claimOne(store);
    expect(await store.startStream(claim, head)).toBe(true);
    expect(await store.readStream(id, 0, 10)).toEqual({ kind: 'chunks', start: head, chunks: [], isEnded: false });
    await store.appendStream(claim, 0, pieces('data: a\n\n', 'data: b\n\n'));
    await store.appendStream(claim, 2, [Buffer.from([0, 255, 10])]);
    const all = await read(store, id, 0);
    expect(all.bytes).toEqual([...pieces('data: a\n\n', 'data: b\n\n'), Buffer.from([0, 255, 10])]);
    const [first = 0, second = 0, third = 0] = all.sequences;
    expect(first < second && second < third).toBe(true);
    expect((await read(store, id, second)).bytes).toEqual([Buffer.from([0, 255, 10])]);
    expect((await read(store, id, 0, 2)).sequences).toEqual([first, second]);
    await store.complete(claim, response());
    expect(await read(store, id, 0, 2)).toMatchObject({ sequences: [first, second], isEnded: false });
    expect(await read(store, id, second, 2)).toMatchObject({ sequences: [third], isEnded: true });
    expect(await read(store, id, third)).toMatchObject({ sequences: [], isEnded: true });
  });

  it('a repeated append adds nothing twice', async () => {
    const store = await kit().open();
    const { id } = await begin(store);
    const claim = await claimOne(store);
    await store.startStream(claim, head);
    await store.appendStream(claim, 0, pieces('a', 'b'));
    expect(await store.appendStream(claim, 0, pieces('a', 'b'))).toBe(true);
    expect(await store.appendStream(claim, 1, pieces('b', 'c'))).toBe(true);
    expect((await read(store, id, 0)).bytes).toEqual(pieces('a', 'b', 'c'));
  });

  it('whoever lost the lease adds nothing', async () => {
    const store = await kit().open();
    const { id } = await begin(store);
    const claim = await claimOne(store);
    await store.startStream(claim, head);
    kit().clock.advance(leaseMs);
    await store.sweep();
    expect(await store.appendStream(claim, 0, pieces('late'))).toBe(false);
    expect(await store.startStream(claim, head)).toBe(false);
    expect((await read(store, id, 0)).bytes).toEqual([]);
  });

  it('a new attempt drops what the one before streamed and uses its numbers never again', async () => {
    const store = await kit().open();
    const { id } = await begin(store);
    const first = await claimOne(store);
    await store.startStream(first, head);
    await store.appendStream(first, 0, pieces('old'));
    const before = await read(store, id, 0);
    await store.fail(first, 'upstream_reset: gone', 0);
    const second = await claimOne(store);
    await store.startStream(second, head);
    await store.appendStream(second, 0, pieces('new'));
    const after = await read(store, id, before.sequences[0] ?? 0);
    expect(after.bytes).toEqual(pieces('new'));
    expect((await read(store, id, 0)).bytes).toEqual(pieces('new'));
    await store.complete(second, response());
  });

  it('an answer that did not stream leaves nothing of the stream that broke off before it', async () => {
    const store = await kit().open();
    const { id } = await begin(store);
    const first = await claimOne(store);
    await store.startStream(first, head);
    await store.appendStream(first, 0, pieces('broken'));
    await store.fail(first, 'upstream_reset: gone', 0);
    await store.complete(await claimOne(store), response());
    expect(await store.readStream(id, 0, 10)).toEqual({ kind: 'chunks', start: null, chunks: [], isEnded: true });
  });

  it('a stream that has begun outlives the deadline, and is under it again when it broke off', async () => {
    const store = await kit().open();
    const { id } = await begin(store);
    const claim = await claimOne(store);
    await store.startStream(claim, head);
    kit().clock.advance(ttlMs + 1);
    expect(await store.renew([claim], leaseMs)).toEqual(['held']);
    expect(await store.sweep()).toMatchObject({ expired: [], leasesTakenBack: 0 });
    expect(await store.appendStream(claim, 0, pieces('still'))).toBe(true);
    await store.fail(claim, 'upstream_reset: gone', 0);
    await store.sweep();
    expect(await store.status(id)).toMatchObject({ state: 'done', outcome: 'expired' });
  });

  it('tells those who follow of each change, and those who wait for a state of changes of state only', async () => {
    const store = await kit().open();
    const { id } = await begin(store);
    const told = { changes: 0, growth: 0 };
    const stops = [store.onChange(id, () => told.changes++), store.onStream(id, () => told.growth++)];
    // Redis tells of the subscription itself.
    const first = kit().kind === 'redis' ? 1 : 0;
    await expect.poll(() => told).toEqual({ changes: first, growth: first });
    const claim = await claimOne(store);
    await store.startStream(claim, head);
    await expect.poll(() => told.growth).toBe(first + 1);
    const { changes } = told;
    await store.appendStream(claim, 0, pieces('a'));
    await expect.poll(() => told.growth).toBe(first + 2);
    expect(told.changes).toBe(changes);
    await store.complete(claim, response());
    await expect.poll(() => told.changes).toBe(changes + 1);
    for (const stop of stops) stop();
  });

  it('a listener that throws keeps no other from being told, and is told of in the log', async () => {
    const warnings: string[] = [];
    const store = await kit().open({ warn: (sentence) => warnings.push(sentence) });
    const { id } = await begin(store);
    let told = 0;
    const throwing = () => {
      throw new Error('of a listener');
    };
    const stops = [store.onChange(id, throwing), store.onCanceled(throwing), store.onWork(throwing)];
    stops.push(store.onChange(id, () => told++));
    expect(await store.cancel(id)).toBe('canceled');
    await expect.poll(() => told).toBeGreaterThan(0);
    await expect.poll(() => warnings.some((warning) => warning.includes('of a listener'))).toBe(true);
    for (const stop of stops) stop();
  });
});

describeStores('pending webhooks', (kit) => {
  it.each(['answered', 'failed', 'expired', 'canceled'] as const)(
    'are due when a request is done: %s',
    async (outcome) => {
      const store = await kit().open();
      const { id } = await begin(store, { webhook: 'https://example.com/x', ttlMs: 1000 });
      expect(await store.claimDeliveries(10, 1000)).toEqual([]);
      const claim = await claimOne(store);
      if (outcome === 'answered') await store.complete(claim, response());
      if (outcome === 'failed') await store.fail(claim, 'x: y', null);
      if (outcome === 'canceled') await store.cancel(id);
      if (outcome === 'expired') {
        kit().clock.advance(1000);
        await store.sweep();
      }
      const deliveries = await store.claimDeliveries(10, 1000);
      expect(deliveries).toMatchObject([{ webhook: 'https://example.com/x', attempt: 1, status: { id, outcome } }]);
    },
  );

  it('belong to one deliverer for a while, come again if it dies, and go when settled', async () => {
    const store = await kit().open();
    const { id } = await begin(store, { webhook: 'https://example.com/x' });
    await store.complete(await claimOne(store), response());
    expect(await store.claimDeliveries(10, 1000)).toHaveLength(1);
    expect(await store.claimDeliveries(10, 1000)).toEqual([]);
    kit().clock.advance(1000);
    expect(await store.claimDeliveries(10, 1000)).toMatchObject([{ attempt: 2 }]);
    await store.settleDelivery(id, 5000);
    kit().clock.advance(4999);
    expect(await store.claimDeliveries(10, 1000)).toEqual([]);
    kit().clock.advance(1);
    expect(await store.claimDeliveries(10, 1000)).toMatchObject([{ attempt: 3 }]);
    await store.settleDelivery(id, null);
    kit().clock.advance(10_000);
    expect(await store.claimDeliveries(10, 1000)).toEqual([]);
  });

  it('that were postponed are due again after their time, and the try is not counted', async () => {
    const store = await kit().open();
    const { id } = await begin(store, { webhook: 'https://example.com/x' });
    await store.complete(await claimOne(store), response());
    expect(await store.claimDeliveries(10, 60_000)).toMatchObject([{ attempt: 1 }]);
    await store.postponeDeliveries([{ id, delayMs: 1000 }]);
    kit().clock.advance(999);
    expect(await store.claimDeliveries(10, 60_000)).toEqual([]);
    kit().clock.advance(1);
    expect(await store.claimDeliveries(10, 60_000)).toMatchObject([{ attempt: 1 }]);
    await store.settleDelivery(id, null);
    await store.postponeDeliveries([{ id, delayMs: 0 }]);
    expect(await store.claimDeliveries(10, 60_000)).toEqual([]);
  });

  it('are nobody’s without a webhook, and go with their record', async () => {
    const store = await kit().open();
    await begin(store);
    await store.complete(await claimOne(store), response());
    const { id } = await begin(store, { webhook: 'https://example.com/x' });
    await store.complete(await claimOne(store), response());
    expect(await store.cancel(id)).toBe('deleted');
    expect(await store.claimDeliveries(10, 1000)).toEqual([]);
  });
});

async function begin(store: Store, over: Parameters<typeof submission>[0] = {}): Promise<{ id: string }> {
  const request = submission(over);
  await store.submit(request);
  return { id: request.id };
}

async function read(store: Store, id: string, after: number, max = 100) {
  const found: StreamRead = await store.readStream(id, after, max);
  if (found.kind !== 'chunks') throw new Error(found.kind);
  return {
    bytes: found.chunks.map(({ bytes }) => Buffer.from(bytes)),
    sequences: found.chunks.map(({ sequence }) => sequence),
    isEnded: found.isEnded,
  };
}
