// The budget of bytes: what is refused, what waits, and who goes first.
import { describe, expect, it } from 'vitest';
import { MemoryBudget, memoryLimits } from '../../sidecar/memory-budget.ts';

/** 1,000 bytes: 250 of them on the heap, 750 for whole bodies, of which 200 are set aside for one answer. */
const budget = () => new MemoryBudget({ totalBytes: 1000, heapBytes: 250, lastAnswerBytes: 200 });

describe('the memory budget', () => {
  it('gives no more than there is, and again what was given back', () => {
    const memory = budget();
    expect([memory.take(900), memory.take(101), memory.take(100)]).toEqual([true, false, true]);
    memory.give(900);
    expect([memory.take(900), memory.usedBytes, memory.highWaterBytes]).toEqual([true, 1000, 1000]);
  });

  it('bounds what lies on the heap by itself', () => {
    const memory = budget();
    expect([memory.takeHeap(200), memory.takeHeap(51), memory.take(51)]).toEqual([true, false, true]);
    memory.giveHeap(200);
    expect(memory.takeHeap(250)).toBe(true);
  });

  it('asks for what is worth least to be let go before it refuses', () => {
    const memory = budget();
    memory.takeHeap(250);
    memory.onShortage = (bytes) => memory.giveHeap(bytes);
    expect([memory.takeHeap(10), memory.usedBytes]).toEqual([true, 250]);
  });

  it('leaves room for heads and packets when whole bodies have taken theirs', () => {
    const memory = budget();
    expect([memory.takeLarge(550), memory.takeLarge(1), memory.take(450)]).toEqual([true, false, true]);
  });

  it('gives room to bodies in the order in which they asked', () => {
    const memory = budget();
    memory.takeLarge(500);
    const granted: string[] = [];
    memory.waitForLarge(300, () => granted.push('large'));
    memory.waitForLarge(10, () => granted.push('small'));
    expect([memory.takeLarge(1), granted]).toEqual([false, []]);
    memory.give(400);
    expect(granted).toEqual(['large', 'small']);
  });

  it('passes over who has left', () => {
    const memory = budget();
    memory.takeLarge(500);
    const granted: string[] = [];
    const leave = memory.waitForLarge(300, () => granted.push('left'));
    memory.waitForLarge(50, () => granted.push('next'));
    leave();
    expect([granted, memory.usedBytes]).toEqual([['next'], 550]);
  });

  it('lets one answer go on where several wait for each other', () => {
    const memory = budget();
    const [first, second] = [{}, {}];
    const granted: string[] = [];
    memory.waitForAnswer(first, 275, () => granted.push('first'));
    memory.waitForAnswer(second, 275, () => granted.push('second'));
    memory.waitForAnswer(second, 100, () => granted.push('second again'));
    memory.waitForAnswer(first, 100, () => granted.push('first again'));
    expect(granted).toEqual(['first', 'second', 'second again']);
    memory.give(375);
    memory.endAnswer(second);
    expect(granted.at(-1)).toBe('first again');
  });

  it('keeps heads within what whole bodies leave, and within half of the heap', () => {
    expect(memoryLimits(1000, 10_000, 10)).toEqual({ totalBytes: 1000, heapBytes: 250, lastAnswerBytes: 30 });
    expect(memoryLimits(1000, 400, 10).heapBytes).toBe(200);
  });
});
