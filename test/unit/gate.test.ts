// The gate's rules: a hard limit, arrival order, sync before queued work while neither starves, slots freed once.
import { expect, test } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { Gate } from '../../sidecar/gate/gate.ts';
import type { Slot } from '../../sidecar/queue/parts.ts';

const unexpected = (error: unknown): never => {
  throw error;
};

const gateOf = (concurrency: number, maxWaiting = 1000) => new Gate({ concurrency, maxWaiting, clock: systemClock });

/** Callers that write down who was let in. */
function entrance(gate: Gate) {
  const inside: { readonly name: string; readonly slot: Slot }[] = [];
  const dismissed: string[] = [];
  const call = (name: string) => ({
    admitted: (slot: Slot) => inside.push({ name, slot }),
    failed: unexpected,
    dismissed: () => dismissed.push(name),
  });
  const work = async (name: string, signal = new AbortController().signal) => {
    inside.push({ name, slot: await gate.acquireForWork(signal) });
  };
  return { inside, dismissed, call, work, names: () => inside.map(({ name }) => name) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('lets in as many as the limit says and the rest in arrival order', () => {
  const gate = gateOf(2);
  const { inside, call, names } = entrance(gate);
  for (const name of ['a', 'b', 'c', 'd']) gate.enter(call(name));
  expect([names(), gate.inFlight, gate.waiting]).toEqual([['a', 'b'], 2, 2]);
  inside[1]!.slot.release();
  expect(names()).toEqual(['a', 'b', 'c']);
  inside[0]!.slot.release();
  expect(names()).toEqual(['a', 'b', 'c', 'd']);
});

test('a slot released twice frees one place only', () => {
  const gate = gateOf(1);
  const { inside, call, names } = entrance(gate);
  for (const name of ['a', 'b', 'c']) gate.enter(call(name));
  inside[0]!.slot.release();
  inside[0]!.slot.release();
  expect([names(), gate.inFlight]).toEqual([['a', 'b'], 1]);
});

test('who leaves the line is never let in, and its place is free at once', () => {
  const gate = gateOf(1, 1);
  const { inside, call, names } = entrance(gate);
  gate.enter(call('a'));
  const place = gate.enter(call('b'));
  expect(gate.isFull).toBe(true);
  gate.leave(place!);
  gate.leave(place!);
  expect([gate.isFull, gate.waiting]).toEqual([false, 0]);
  gate.enter(call('c'));
  inside[0]!.slot.release();
  expect(names()).toEqual(['a', 'c']);
});

test('while closed everyone waits, and opening lets in who waited', () => {
  const gate = gateOf(2);
  const { call, names } = entrance(gate);
  gate.close();
  for (const name of ['a', 'b', 'c']) gate.enter(call(name));
  expect([names(), gate.waiting]).toEqual([[], 3]);
  gate.open();
  expect([names(), gate.waiting]).toEqual([['a', 'b'], 1]);
});

test('who is sent back through no fault of its own is first in line again', () => {
  const gate = gateOf(1);
  const { inside, call, names } = entrance(gate);
  for (const name of ['a', 'b']) gate.enter(call(name));
  gate.enterAgain(call('a again'));
  inside[0]!.slot.release();
  expect(names()).toEqual(['a', 'a again']);
});

test('sync callers come before queued work, but queued work gets every fifth turn', async () => {
  const gate = gateOf(1);
  const { inside, call, work, names } = entrance(gate);
  gate.enter(call('first'));
  void work('work1');
  void work('work2');
  for (let i = 0; i < 9; i++) gate.enter(call(`sync${i}`));
  for (let i = 0; i < 12; i++) {
    inside.at(-1)!.slot.release();
    await settled();
  }
  const order = ['sync0', 'sync1', 'sync2', 'sync3', 'work1', 'sync4', 'sync5', 'sync6', 'sync7', 'work2', 'sync8'];
  expect(names()).toEqual(['first', ...order]);
});

test('queued work that gives up waiting leaves the line', async () => {
  const gate = gateOf(1);
  const { inside, call } = entrance(gate);
  gate.enter(call('a'));
  const leaving = new AbortController();
  const waiting = gate.acquireForWork(leaving.signal);
  leaving.abort(new Error('no more'));
  await expect(waiting).rejects.toThrow('no more');
  await expect(gate.acquireForWork(leaving.signal)).rejects.toThrow('no more');
  inside[0]!.slot.release();
  expect(gate.inFlight).toBe(0);
});

test('work takes a slot at once only where nobody waits', () => {
  const gate = gateOf(2);
  const { call } = entrance(gate);
  const slot = gate.tryAcquireForWork();
  expect(slot).toBeDefined();
  gate.close();
  gate.enter(call('a'));
  expect(gate.tryAcquireForWork()).toBeUndefined();
});

test('a thousand callers that fail the moment they are let in do not exhaust the stack', () => {
  const gate = gateOf(1);
  let turns = 0;
  const failing = {
    admitted: (slot: Slot) => {
      turns++;
      slot.release();
    },
    failed: unexpected,
    dismissed: () => undefined,
  };
  gate.close();
  for (let i = 0; i < 50_000; i++) gate.enter(failing);
  gate.open();
  expect([turns, gate.inFlight]).toEqual([50_000, 0]);
});

test('at the end everyone in line is sent away', () => {
  const gate = gateOf(1);
  const { call, dismissed } = entrance(gate);
  for (const name of ['a', 'b', 'c']) gate.enter(call(name));
  gate.dismissAll();
  expect([dismissed, gate.waiting]).toEqual([['b', 'c'], 0]);
});
