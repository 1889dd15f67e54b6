// How much of the gate the worker takes while it looks for work.
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Worker, type WorkerSurroundings } from '../../sidecar/queue/worker.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { CountingGate } from '../support/queue-replica.ts';

test('told of work it claims for every free slot; looking without a word it takes one, so that sync callers keep theirs', async () => {
  const clock = new ManualClock();
  const gate = new CountingGate(4);
  const claimed: { readonly max: number; readonly free: number }[] = [];
  const claim = async ({ max }: { readonly max: number }) => {
    claimed.push({ max, free: gate.free });
    return { claims: [], isMoreDue: false };
  };
  const around = {
    ...{ clock, gate, store: { claim }, breaker: { state: 'closed', pass: async () => undefined } },
    ...{ logger: pino({ level: 'silent' }), finished: () => undefined },
  } as unknown as WorkerSurroundings;
  const worker = new Worker({ name: 'w', leaseMs: 1000, safetyPollMs: 500, storeAwayDelayMs: 100 }, around);

  worker.resume();
  await eventually(() => claimed.length === 1 && clock.timers === 1);
  expect(claimed[0]).toEqual({ max: 4, free: 0 });
  clock.advance(500);
  await eventually(() => claimed.length === 2 && clock.timers === 1);
  expect(claimed[1]).toEqual({ max: 1, free: 3 });
  worker.workArrived();
  await eventually(() => claimed.length === 3 && clock.timers === 1);
  expect(claimed[2]).toEqual({ max: 4, free: 0 });
  await worker.handBack();
  expect(gate.free).toBe(4);
});
