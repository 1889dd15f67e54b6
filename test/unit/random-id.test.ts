// Identifiers made in stock from the kernel's generator.
import { expect, test } from 'vitest';
import { randomHex, randomId } from '../../runtime/random-id.ts';

test('ids are UUIDs of version 4, and none comes twice, also beyond one stock', () => {
  const ids = Array.from({ length: 2000 }, () => randomId());
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every digit that is not fixed varies', () => {
  const ids = Array.from({ length: 2000 }, () => randomId());
  for (let place = 0; place < 36; place++) {
    const digits = new Set(ids.map((id) => id[place]));
    expect(digits.size, `place ${place}`).toBe([8, 13, 14, 18, 23].includes(place) ? 1 : place === 19 ? 4 : 16);
  }
});

test('hexadecimal ids of any length never come twice, also where a stock ends in the middle of one', () => {
  const ids = Array.from({ length: 2000 }, (_, i) => randomHex(8 + (i % 17)));
  for (const [i, id] of ids.entries()) expect(id).toMatch(new RegExp(`^[0-9a-f]{${2 * (8 + (i % 17))}}$`));
  expect(new Set(ids.map((id) => id.slice(0, 16))).size).toBe(ids.length);
});
