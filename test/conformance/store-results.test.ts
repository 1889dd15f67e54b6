// A stored answer is read in pieces, as its reader goes on; on both stores.
import { expect, it } from 'vitest';
import { BODY_PIECE_BYTES, type RestOfBody, type Store } from '../../sidecar/store/store.ts';
import { claimOne, describeStores, response, storedAnswer, submission } from '../support/stores.ts';

const body = Buffer.from(Array.from({ length: 2.5 * BODY_PIECE_BYTES }, (_, i) => (i * 7) % 251));

async function stored(store: Store, bytes = body, request = submission()) {
  await store.submit(request);
  await store.complete(await claimOne(store), response({ body: bytes }));
  return storedAnswer(store, request.id);
}

describeStores('stored answers', (kit) => {
  it('come in pieces that are the whole together, none larger than a piece', async () => {
    const store = await kit().open();
    const { pieces } = await stored(store);
    expect(Buffer.compare(Buffer.concat(pieces), body)).toBe(0);
    expect(pieces).toHaveLength(3);
    expect(Math.max(...pieces.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(BODY_PIECE_BYTES);
  });

  it('that are small are there at once', async () => {
    const { pieces, rest } = await stored(await kit().open(), body.subarray(0, 5000));
    expect([rest, pieces.map(({ byteLength }) => byteLength)]).toEqual([null, [5000]]);
  });

  it('are not read on when they were removed, or another request has their id', async () => {
    const store = await kit().open();
    const { status, rest } = await stored(store);
    await store.cancel(status.id);
    expect(await store.readRest(rest as RestOfBody)).toBeNull();
    kit().clock.advance(1);
    await stored(store, Buffer.alloc(body.length), submission({ id: status.id }));
    expect(await store.readRest(rest as RestOfBody)).toBeNull();
  });
});
