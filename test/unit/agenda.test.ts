// What is due when, against sorting.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Agenda } from '../../sidecar/store/sqlite/agenda.ts';

const times = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 200 });

function takeAll(agenda: Agenda, nowMs: number): number[] {
  const taken: number[] = [];
  for (let entry = agenda.takeDue(nowMs); entry !== undefined; entry = agenda.takeDue(nowMs)) taken.push(entry.atMs);
  return taken;
}

it('gives what is due, the earliest first, and keeps the rest', () => {
  fc.assert(
    fc.property(times, times, fc.nat({ max: 60 }), (first, second, nowMs) => {
      const agenda = new Agenda();
      for (const atMs of first) agenda.add(atMs, atMs * 1000);
      const isDue = (atMs: number): boolean => atMs <= nowMs;
      expect(takeAll(agenda, nowMs)).toEqual(first.filter(isDue).sort((a, b) => a - b));
      for (const atMs of second) agenda.add(atMs, atMs * 1000);
      const rest = [...first.filter((atMs) => !isDue(atMs)), ...second].sort((a, b) => a - b);
      expect(takeAll(agenda, 100)).toEqual(rest);
    }),
  );
});

it('drops what no longer counts without losing the order', () => {
  fc.assert(
    fc.property(times, (all) => {
      const agenda = new Agenda();
      for (const [i, atMs] of all.entries()) agenda.add(atMs, i);
      agenda.keep(({ seq }) => seq % 3 === 0);
      expect(takeAll(agenda, 100)).toEqual(all.filter((_, i) => i % 3 === 0).sort((a, b) => a - b));
    }),
  );
});

it('is loose when less than half of much counts', () => {
  const agenda = new Agenda();
  for (let i = 0; i < 2000; i++) agenda.add(i, i);
  expect([agenda.isLoose(1500), agenda.isLoose(1000), agenda.isLoose(999)]).toEqual([false, false, true]);
});
