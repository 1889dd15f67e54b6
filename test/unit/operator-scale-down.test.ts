// Which pods are told to go first when replicas are lowered, and when that is: pure.
import { expect, test } from 'vitest';
import type { Deployment } from '../../operator/api/kubernetes.ts';
import { lookAgainMs, outcomeOf } from '../../operator/reconcile/outcome.ts';
import { deletionCosts, isLowered } from '../../operator/reconcile/scale-down.ts';
import { pod, stats } from '../support/pods.ts';

test('a pod costs what is inside it and waits before it; one that does not answer costs nothing, one that goes is not asked', () => {
  const known = new Map([
    ['busy', stats({ inFlight: 2, waiting: 3 })],
    ['idle', stats()],
    ['gone', stats({ inFlight: 9 })],
  ]);
  const pods = [
    ...['busy', 'idle', 'silent'].map((name) => pod({ name })),
    pod({ name: 'gone', deletionTimestamp: 'now' }),
  ];
  const costs = deletionCosts(pods, ({ metadata }) => known.get(metadata.name));
  expect(costs.map(({ pod: { metadata }, cost }) => `${metadata.name} ${cost}`)).toEqual([
    'busy 5',
    'idle 0',
    'silent 0',
  ]);
});

test.each([
  [3, 2, true],
  [3, 3, false],
  [2, 3, false],
  // Every pod goes: there is nothing to choose.
  [3, 0, false],
])('from %i to %i replicas: %o', (from, to, expected) => {
  const deployment = { spec: { replicas: from } } as Deployment;
  expect(isLowered(deployment, to)).toBe(expected);
});

test('nothing is lowered before there is a Deployment', () => expect(isLowered(undefined, 1)).toBe(false));

test('who needs somebody to act is looked at again each minute: not every cure is an event', () => {
  const problem = { reason: 'PermissionDenied', message: 'no', isTransient: false } as const;
  expect(outcomeOf([problem], [new Error('no')], undefined)).toEqual({ kind: 'stalled', problem });
  expect(lookAgainMs({ kind: 'stalled', problem })).toBe(60_000);
  expect(lookAgainMs({ kind: 'done' })).toBeUndefined();
  expect(lookAgainMs({ kind: 'waiting', afterMs: 7 })).toBe(7);
});

test('what may pass by itself is tried again soon, whatever else needs somebody', () => {
  const lasting = { reason: 'Refused', message: 'no', isTransient: false } as const;
  const passing = { reason: 'ApplyFailed', message: 'later', isTransient: true } as const;
  const errors = [new Error('no'), new Error('later')];
  expect(outcomeOf([lasting, passing], errors, undefined)).toEqual({ kind: 'transient', error: errors[1] });
});
