// Bytes that come in pieces of any size are one in the end, in their order, and small ones do not cost an object each.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GatheredBytes } from '../../sidecar/gathered-bytes.ts';

it('pieces of any size are taken as one, in their order, more than once', () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 20_000 })));
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 3 }), (rounds) => {
      const gathered = new GatheredBytes();
      let count = 0;
      for (const round of rounds) {
        const pieces = round.map((size) => Buffer.alloc(size, ++count));
        for (const piece of pieces) gathered.add(piece);
        expect(gathered.length).toBe(round.reduce((sum, size) => sum + size, 0));
        expect(gathered.take().equals(Buffer.concat(pieces))).toBe(true);
      }
    }),
  );
});

it('a million pieces of one byte cost little more than a megabyte', () => {
  const gathered = new GatheredBytes();
  const byte = Buffer.from('x');
  const before = process.memoryUsage();
  for (let i = 0; i < 1_000_000; i++) gathered.add(Buffer.from(byte));
  const now = process.memoryUsage();
  expect(now.arrayBuffers - before.arrayBuffers).toBeLessThan(16_000_000);
  expect(gathered.take().equals(Buffer.alloc(1_000_000, 'x'))).toBe(true);
});
