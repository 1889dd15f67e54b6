// Newcomers of a draining replica on a clock moved by hand: served while others may not know yet, turned away when they only
// come because there is nobody else.
import { expect, test } from 'vitest';
import { Drain } from '../../sidecar/drain.ts';
import { ManualClock } from '../support/manual-clock.ts';

function draining(drainMs: number) {
  const clock = new ManualClock();
  let inside = 1;
  let handedBack = 0;
  let isAway = false;
  const around = {
    clock,
    isIdle: () => inside === 0,
    isContainerAway: () => isAway,
    began: () => undefined,
    ended: () => undefined,
    gaveUp: async () => {
      handedBack++;
    },
  };
  const drain = new Drain({ drainMs, quietMs: 3_000 }, around);
  const finish = () => {
    inside = 0;
    drain.recheck();
  };
  const die = () => {
    isAway = true;
    drain.recheck();
  };
  /** Moves the clock, and lets what follows from it happen. */
  const passes = async (ms: number) => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, drain, finish, die, passes, handedBack: () => handedBack };
}

test.each([
  [300_000, 30_000],
  [20_000, 10_000],
])('of %i ms newcomers are welcome for %i ms', (drainMs, welcomeMs) => {
  const { clock, drain, die } = draining(drainMs);
  expect(drain.isClosed).toBe(false);
  drain.begin();
  clock.advance(welcomeMs);
  expect(drain.isClosed).toBe(false);
  clock.advance(1);
  expect(drain.isClosed).toBe(true);
  die();
  expect(drain.isClosed).toBe(false);
});

test('callers that keep coming do not keep it from ending before its time', async () => {
  const { clock, drain, finish } = draining(300_000);
  drain.begin();
  const done = drain.waitUntilDone(new AbortController().signal);
  for (let ms = 0; ms < 40_000; ms += 1_000) {
    if (!drain.isClosed) drain.arrived();
    if (ms === 20_000) finish();
    clock.advance(1_000);
  }
  expect(await done).toBe(true);
  expect(clock.monotonicMs()).toBe(40_000);
});

test('a probe is told that it leaves when it is idle and nobody comes, and it ends when others have heard of it', async () => {
  const { clock, drain, finish } = draining(300_000);
  drain.begin();
  let isDone = false;
  const done = drain.waitUntilDone(new AbortController().signal).finally(() => {
    isDone = true;
  });
  clock.advance(60_000);
  expect([drain.isClosed, drain.isUnready]).toEqual([true, false]);
  finish();
  expect(drain.isUnready).toBe(true);
  clock.advance(2_999);
  await new Promise(setImmediate);
  expect(isDone).toBe(false);
  clock.advance(1);
  expect(await done).toBe(true);
});

test('a probe is told in time where the time is over before all is finished', async () => {
  const { clock, drain } = draining(20_000);
  drain.begin();
  const done = drain.waitUntilDone(new AbortController().signal);
  clock.advance(16_999);
  expect(drain.isUnready).toBe(false);
  clock.advance(1);
  expect(drain.isUnready).toBe(true);
  clock.advance(3_000);
  expect(await done).toBe(false);
});

test('a probe is told after SIGTERM at once, and not of a drain that the death of the container ended', () => {
  const { drain, die } = draining(20_000);
  drain.begin();
  die();
  expect(drain.isUnready).toBe(false);
  drain.shutDown();
  expect(drain.isUnready).toBe(true);
});

test('the container’s preStop, which may come before the drain begins, waits for it', async () => {
  const { passes, drain, finish } = draining(300_000);
  finish();
  let isOver = false;
  const done = drain.waitUntilDone(new AbortController().signal).then((isDone) => {
    isOver = true;
    return isDone;
  });
  await passes(9_999);
  expect(isOver).toBe(false);
  drain.begin();
  // Silence, then the time in which nobody is sent here any more.
  await passes(5_999);
  expect(isOver).toBe(false);
  await passes(1);
  expect(await done).toBe(true);
});

test('where no drain begins, as before a restart, who waits is let go when nothing is inside', async () => {
  const { clock, drain, finish } = draining(300_000);
  const done = drain.waitUntilDone(new AbortController().signal);
  clock.advance(60_000);
  finish();
  expect(await done).toBe(true);
  expect(drain.isDraining).toBe(false);
});

test('a drain has its whole time, whoever waited for it before it began', async () => {
  const { clock, passes, drain, handedBack } = draining(20_000);
  const early = drain.waitUntilDone(new AbortController().signal);
  clock.advance(19_000);
  drain.begin();
  await passes(19_999);
  expect(handedBack()).toBe(0);
  await passes(1);
  expect([await early, handedBack()]).toEqual([false, 1]);
});
