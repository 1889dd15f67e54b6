// The retry policy: growing pauses, a last attempt, and patience with a container that was never reached.
import { expect, it } from 'vitest';
import { decideRetry } from '../../sidecar/queue/retry.ts';

const policy = { maxAttempts: 4, firstDelayMs: 1000, maxDelayMs: 3000 };

it('waits longer each time, up to a limit, and gives up after the last attempt', () => {
  const delays = [1, 2, 3].map((attempt) => decideRetry('upstream_reset', attempt, policy, 1));
  expect(delays).toEqual([
    { kind: 'again', afterMs: 1000, isCounted: true },
    { kind: 'again', afterMs: 2000, isCounted: true },
    { kind: 'again', afterMs: 3000, isCounted: true },
  ]);
  expect(decideRetry('upstream_reset', 4, policy, 1)).toEqual({ kind: 'give_up' });
});

it('spreads what failed together', () => {
  expect(decideRetry('upstream_reset', 1, policy, 0)).toMatchObject({ afterMs: 500 });
  expect(decideRetry('upstream_reset', 1, policy, 0.5)).toMatchObject({ afterMs: 750 });
});

it('never gives up on what was never delivered, and counts no attempt', () => {
  expect(decideRetry('upstream_unreachable', 4, policy, 1)).toEqual({ kind: 'again', afterMs: 3000, isCounted: false });
  expect(decideRetry('upstream_unreachable', 400, policy, 1)).toMatchObject({ kind: 'again' });
});
