// The queue of keys: once each, one at a time, later after each failure.
import { expect, test } from 'vitest';
import { Workqueue } from '../../operator/workqueue/workqueue.ts';
import { ManualClock } from '../support/manual-clock.ts';

test('a key added many times is handed out once', async () => {
  const queue = new Workqueue(new ManualClock());
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
  expect([await queue.take(), await queue.take()]).toEqual(['a', 'b']);
  expect(queue.depth).toBe(0);
});

test('a key that changes while it is worked on comes back once, and only when it is done', async () => {
  const queue = new Workqueue(new ManualClock());
  queue.add('a');
  await queue.take();
  queue.add('a');
  queue.add('a');
  let taken: string | undefined;
  const next = queue.take().then((key) => {
    taken = key;
  });
  await Promise.resolve();
  expect(taken).toBeUndefined();
  queue.done('a');
  await next;
  expect(taken).toBe('a');
  queue.done('a');
  expect(queue.depth).toBe(0);
});

test('failures come back later each time, up to a minute, and success starts anew', () => {
  const clock = new ManualClock();
  const queue = new Workqueue(clock);
  const waits: number[] = [];
  for (let failure = 0; failure < 12; failure++) {
    queue.addAfterFailure('a');
    const before = clock.monotonicMs();
    while (queue.depth === 0) clock.advance(100);
    waits.push(clock.monotonicMs() - before);
    void queue.take();
    queue.done('a');
  }
  expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800]);
  expect(waits.at(-1)).toBe(60_000);
  queue.succeeded('a');
  queue.addAfterFailure('a');
  clock.advance(100);
  expect(queue.depth).toBe(1);
});

test('of two later looks the earlier one counts', () => {
  const clock = new ManualClock();
  const queue = new Workqueue(clock);
  queue.addAfter('a', 1_000);
  queue.addAfter('a', 200);
  queue.addAfter('a', 5_000);
  clock.advance(200);
  expect(queue.depth).toBe(1);
  void queue.take();
  queue.done('a');
  clock.advance(10_000);
  expect(queue.depth).toBe(0);
});

test('closing wakes those that wait, and nothing is added any more', async () => {
  const clock = new ManualClock();
  const queue = new Workqueue(clock);
  const waiting = queue.take();
  queue.addAfter('later', 100);
  queue.close();
  expect(await waiting).toBeUndefined();
  clock.advance(1_000);
  queue.add('a');
  expect(queue.depth).toBe(0);
  expect(await queue.take()).toBeUndefined();
});
