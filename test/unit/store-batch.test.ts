// Steps that come together share a call of the store; a lone one waits for nothing, and no more than two calls are under way.
import { expect, it } from 'vitest';
import { Batch } from '../../sidecar/store/batch.ts';

interface Call {
  readonly items: readonly number[];
  answer(): void;
  fail(): void;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function batch(over: { enough?: number; maxItems?: number; maxBytes?: number } = {}) {
  const calls: Call[] = [];
  const made = new Batch<number, string>({
    maxItems: 100,
    maxBytes: 1000,
    enough: 100,
    sizeOf: (item) => item,
    atEndOfTurn: setImmediate,
    send: (items) =>
      new Promise((resolve, reject) => {
        const answer = () => resolve(items.map((item) => `reply to ${item}`));
        calls.push({ items, answer, fail: () => reject(new Error('away')) });
      }),
    ...over,
  });
  return { made, calls, sizes: () => calls.map(({ items }) => items.length) };
}

it('a lone step goes out in the same turn, those of one turn go together, each gets its own reply', async () => {
  const { made, calls, sizes } = batch();
  const replies = [made.add(1), made.add(2)];
  await turn();
  const lone = made.add(3);
  await turn();
  expect(sizes()).toEqual([2, 1]);
  for (const { answer } of calls) answer();
  expect(await Promise.all([...replies, lone])).toEqual(['reply to 1', 'reply to 2', 'reply to 3']);
});

it('what comes while two calls are under way goes with the next, as soon as one has returned', async () => {
  const { made, calls, sizes } = batch();
  for (const item of [1, 2, 3, 4]) {
    void made.add(item);
    await turn();
  }
  expect(sizes()).toEqual([1, 1]);
  calls[0]?.answer();
  await turn();
  await turn();
  expect(calls.map(({ items }) => items)).toEqual([[1], [2], [3, 4]]);
});

it('enough of them do not wait for the end of the turn, as long as a call is free', async () => {
  const { made, sizes } = batch({ enough: 2 });
  for (const item of [1, 2, 3, 4, 5, 6, 7]) void made.add(item);
  expect(sizes()).toEqual([2, 2]);
  await turn();
  expect(sizes()).toEqual([2, 2]);
});

it('neither count nor bytes grow over what one call may carry, whatever is under way', () => {
  const byCount = batch({ maxItems: 2 });
  for (const item of [1, 1, 1, 1, 1, 1, 1]) void byCount.made.add(item);
  expect(byCount.sizes()).toEqual([2, 2, 2]);
  const byBytes = batch({ maxBytes: 10 });
  for (const item of [6, 6, 6]) void byBytes.made.add(item);
  expect(byBytes.sizes()).toEqual([1, 1]);
});

it('a call that fails fails for those in it, and the next are sent', async () => {
  const { made, calls } = batch();
  const failing = made.add(1);
  await turn();
  calls[0]?.fail();
  await expect(failing).rejects.toThrow('away');
  const next = made.add(2);
  await turn();
  calls[1]?.answer();
  expect(await next).toBe('reply to 2');
});
