// A batch of which one step does the most and another the rest: where the other fails, only the rest has failed.
import { expect, it } from 'vitest';
import { Batch } from '../../sidecar/store/batch.ts';
import { plainFirst } from '../../sidecar/store/redis/plain-first.ts';
import { StoreError } from '../../sidecar/store/store.ts';

it('what the first step did is told as done where the second fails', async () => {
  const batch = new Batch<number, string>({
    maxItems: 10,
    maxBytes: 10,
    enough: 10,
    sizeOf: () => 1,
    atEndOfTurn: (call) => setImmediate(call),
    send: (items) =>
      plainFirst(items, ['stored', null, 'stored'], () => Promise.reject(new StoreError('Redis cannot be reached'))),
  });
  const told = await Promise.allSettled([1, 2, 3].map((item) => batch.add(item)));
  expect(told.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});
