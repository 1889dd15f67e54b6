// The sample model's latency curve is the published table, with straight lines between its rows.
import { expect, test } from 'vitest';
import { Batch, batchingTable, batchMs } from '../../dev/model-server/batch.ts';

test.each(batchingTable)('%i at once take %i ms for 100 tokens', (concurrent, totalMs) => {
  expect(batchMs(concurrent)).toBe(totalMs);
});

test('between rows the line is straight, past the last its slope goes on', () => {
  expect(batchMs(6)).toBeCloseTo((2067 + 3767) / 2);
  expect(batchMs(48)).toBeCloseTo(4942 + (4942 - 4431));
});

test('tokens stop when the client has gone, and its place in the batch is free', async () => {
  const leaving = new AbortController();
  const batch = new Batch();
  const pace = { tokenMs: 1000, firstTokenMs: 0, batching: false, speed: 1000 };
  const seen: number[] = [];
  const reading = (async () => {
    for await (const index of batch.tokens(1_000_000, pace, leaving.signal)) {
      seen.push(index);
      if (index === 5) leaving.abort();
    }
  })();
  await expect(reading).rejects.toThrow();
  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
});
