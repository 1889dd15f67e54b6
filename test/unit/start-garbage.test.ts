// The one collection after the start: while nobody is there, and only where the program was given the means.
import { afterEach, expect, it, vi } from 'vitest';
import { collectStartGarbage } from '../../sidecar/start-garbage.ts';
import { ManualClock } from '../support/manual-clock.ts';

afterEach(() => vi.unstubAllGlobals());

it('collects once, a while after the start', () => {
  const { clock, gc } = world();
  collectStartGarbage(clock, () => true);
  clock.advance(999);
  expect(gc).not.toHaveBeenCalled();
  clock.advance(60_000);
  expect(gc).toHaveBeenCalledOnce();
});

it('makes nobody wait who is there by then', () => {
  const { clock, gc } = world();
  collectStartGarbage(clock, () => false);
  clock.advance(60_000);
  expect(gc).not.toHaveBeenCalled();
});

it('does without where Node was not told to lend its collector', () => {
  const clock = new ManualClock();
  vi.stubGlobal('gc', undefined);
  collectStartGarbage(clock, () => true);
  expect(() => clock.advance(60_000)).not.toThrow();
});

function world() {
  const gc = vi.fn();
  vi.stubGlobal('gc', gc);
  return { clock: new ManualClock(), gc };
}
