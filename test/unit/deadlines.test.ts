// Deadlines in arrival order with one timer, on a clock that is moved by hand.
import { expect, test } from 'vitest';
import { Deadlines } from '../../sidecar/gate/deadlines.ts';
import { ManualClock } from '../support/manual-clock.ts';

const unexpected = (error: unknown): never => {
  throw error;
};

test('each expires once, at its own time, and who is canceled never does', () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock, 1_000);
  const expired: string[] = [];
  const start = (name: string) =>
    deadlines.start({ failed: unexpected, expired: () => expired.push(name) }, clock.monotonicMs());
  start('a');
  clock.advance(400);
  const b = start('b');
  clock.advance(100);
  start('c');
  deadlines.cancel(b);
  clock.advance(499);
  expect(expired).toEqual([]);
  clock.advance(1);
  expect(expired).toEqual(['a']);
  clock.advance(500);
  expect(expired).toEqual(['a', 'c']);
  start('d');
  clock.advance(2_000);
  expect(expired).toEqual(['a', 'c', 'd']);
});

test('many deadlines need one timer', () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock, 1_000);
  const nobody = { failed: unexpected, expired: () => undefined };
  for (let i = 0; i < 1_000; i++) deadlines.cancel(deadlines.start(nobody, clock.monotonicMs()));
  expect(clock.timers).toBe(1);
  clock.advance(1_000);
  expect(clock.timers).toBe(0);
});
