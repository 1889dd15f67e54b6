// The memory of an answer that is gathered for the store: where there is none the container is not read, and one answer always gets through.
import { expect, it } from 'vitest';
import { MemoryBudget } from '../../sidecar/memory-budget.ts';
import { AnswerMemory } from '../../sidecar/upstream/answer-memory.ts';
import type { RoundTrip } from '../../sidecar/upstream/client/round-trip.ts';

function trip() {
  const told: string[] = [];
  return { told, trip: { pause: () => told.push('pause'), resume: () => told.push('resume') } as unknown as RoundTrip };
}

it('of two answers that want more than there is one goes on and the other waits until it is stored', () => {
  // 900 bytes for bodies, of which 300 are set aside; a byte of an answer takes three.
  const memory = new MemoryBudget({ totalBytes: 1200, heapBytes: 300, lastAnswerBytes: 300 });
  const [first, second] = [new AnswerMemory(memory), new AnswerMemory(memory)];
  const [one, other] = [trip(), trip()];
  first.take(100, one.trip);
  second.take(100, other.trip);
  first.take(50, one.trip);
  second.take(100, other.trip);
  expect([one.told, other.told, memory.usedBytes]).toEqual([[], ['pause'], 750]);
  first.release();
  expect([other.told, memory.usedBytes]).toEqual([['pause', 'resume'], 600]);
  second.release();
  expect(memory.usedBytes).toBe(0);
});

it('nothing is taken for an answer that was given up while several of its parts waited', () => {
  const memory = new MemoryBudget({ totalBytes: 1200, heapBytes: 300, lastAnswerBytes: 300 });
  const [first, second] = [new AnswerMemory(memory), new AnswerMemory(memory)];
  const [one, other] = [trip(), trip()];
  first.take(250, one.trip);
  second.take(60, other.trip);
  second.take(50, other.trip);
  second.release();
  first.release();
  expect(memory.usedBytes).toBe(0);
});

it('an answer goes on only when all parts that came while it was paused are paid for', () => {
  const memory = new MemoryBudget({ totalBytes: 1200, heapBytes: 300, lastAnswerBytes: 300 });
  const [first, second] = [new AnswerMemory(memory), new AnswerMemory(memory)];
  const [one, other] = [trip(), trip()];
  first.take(250, one.trip);
  second.take(60, other.trip);
  second.take(50, other.trip);
  first.release();
  expect([other.told, memory.usedBytes]).toEqual([['pause', 'resume'], 330]);
  second.release();
  expect(memory.usedBytes).toBe(0);
});
