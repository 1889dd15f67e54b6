// What a soak takes for growth and what for warming up, for too much memory, and for left behind.
import { describe, expect, it } from 'vitest';
import type { Figures } from '../soak/figures.ts';
import { beyondLimit, growth, hasTrend, leftBehind } from '../soak/verdict.ts';

const quiet: Figures = {
  atSeconds: 0,
  heldMiB: 20,
  rssMiB: 100,
  peakMiB: 120,
  budgetUsedBytes: 1_000,
  longestStallMs: 5,
  descriptors: 30,
  connections: 0,
  inFlight: 0,
  waiting: 0,
  queued: 0,
  running: 0,
};
const soak = (change: (at: number) => Partial<Figures>): Figures[] =>
  Array.from({ length: 30 }, (_, at) => ({ ...quiet, ...change(at) }));

describe('growth', () => {
  it('is none where the first third warms up and the rest goes up and down', () => {
    expect(growth(soak((at) => ({ heldMiB: at < 10 ? at : 20 + (at % 3), rssMiB: at < 10 ? 50 : 100 })))).toEqual([]);
  });

  it('is a slow leak that never ends', () => {
    expect(growth(soak((at) => ({ heldMiB: 20 + at * 0.5 })))).toEqual(['memory held grew: 26.0, 28.5, 31.0, 33.5']);
  });

  it('is none where memory was taken once, however much', () => {
    expect(growth(soak((at) => ({ rssMiB: at < 20 ? 100 : 150 })))).toEqual([]);
  });

  it('is told of what the kernel counts, and of descriptors', () => {
    expect(growth(soak((at) => ({ rssMiB: 100 + at * 2, descriptors: 30 + at })))).toHaveLength(2);
  });

  it('cannot be told from a few samples', () => {
    const few = soak(() => ({})).slice(0, 5);
    expect([hasTrend(few), hasTrend(soak(() => ({})))]).toEqual([false, true]);
    expect(growth(few)).toEqual(['5 samples make no trend: let it run longer']);
  });
});

describe('the memory limit', () => {
  it('may be reached, but not passed', () => {
    expect(beyondLimit(512, 512)).toEqual([]);
    expect(beyondLimit(512.6, 512)).toEqual(['513 MiB in use at a time, the limit is 512 MiB']);
  });
});

describe('what is left behind', () => {
  it('is nothing where everything is as before', () => {
    expect(leftBehind({ ...quiet, descriptors: 32 }, quiet)).toEqual([]);
  });

  it.each(['inFlight', 'waiting', 'queued', 'running', 'connections'] as const)('is %s that never ends', (what) => {
    expect(leftBehind({ ...quiet, [what]: 1 }, quiet)).toEqual([`${what} is 1 with nobody there`]);
  });

  it('is memory budget that was not given back', () => {
    const complaint = '1001 bytes of the memory budget taken at rest, 1000 before the traffic';
    expect(leftBehind({ ...quiet, budgetUsedBytes: 1_001 }, quiet)).toEqual([complaint]);
  });

  it('is a descriptor that nobody closed', () => {
    expect(leftBehind({ ...quiet, descriptors: 33 }, quiet)).toEqual(['33 descriptors at rest, 30 before the traffic']);
  });
});
