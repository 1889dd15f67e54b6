// The one collection after the start: while nobody is there.
import { expect, it, vi } from 'vitest';
import { collectGarbage, collectStartGarbage } from '../../sidecar/start-garbage.ts';
import { ManualClock } from '../support/manual-clock.ts';

it('collects once, a while after the start', () => {
  const [clock, collect] = [new ManualClock(), vi.fn()];
  collectStartGarbage(clock, () => true, collect);
  clock.advance(999);
  expect(collect).not.toHaveBeenCalled();
  clock.advance(60_000);
  expect(collect).toHaveBeenCalledOnce();
});

it('makes nobody wait who is there by then', () => {
  const [clock, collect] = [new ManualClock(), vi.fn()];
  collectStartGarbage(clock, () => false, collect);
  clock.advance(60_000);
  expect(collect).not.toHaveBeenCalled();
});

it('has the means of this Node', () => {
  expect(collectGarbage).not.toThrow();
});
