// Places in the embedded store's line, against counting one by one.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WaitingLine } from '../../sidecar/store/sqlite/waiting-line.ts';

it('counts as counting one by one does, over any coming and going', () => {
  const change = fc.record({ seq: fc.integer({ min: 1, max: 6000 }), isComing: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), fc.array(fc.nat({ max: 7000 })), (changes, places) => {
      const line = new WaitingLine();
      const waiting = new Set<number>();
      for (const { seq, isComing } of changes) {
        if (isComing) {
          line.add(seq);
          waiting.add(seq);
        } else {
          line.remove(seq);
          waiting.delete(seq);
        }
      }
      expect(line.length).toBe(waiting.size);
      expect(line.first()).toBe(waiting.size === 0 ? undefined : Math.min(...waiting));
      for (const place of places) {
        expect(line.before(place)).toBe([...waiting].filter((seq) => seq < place).length);
        expect(line.has(place)).toBe(waiting.has(place));
      }
    }),
  );
});

it('an earlier arrival may come back into a line that has moved on', () => {
  const line = new WaitingLine();
  line.add(100);
  line.remove(100);
  line.add(5000);
  line.add(100);
  expect([line.before(100), line.before(5000), line.before(9999)]).toEqual([0, 1, 2]);
});
