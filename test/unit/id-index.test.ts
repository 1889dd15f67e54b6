// Places by id, against a Map: added, removed, taken back with their transaction.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IdIndex } from '../../sidecar/store/sqlite/id-index.ts';
import { Undo } from '../../sidecar/store/sqlite/undo.ts';

interface Step {
  readonly kind: 'add' | 'remove' | 'commit' | 'roll back';
  readonly which: number;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('add', 'add', 'add', 'remove', 'remove', 'commit', 'roll back'),
    which: fc.nat({ max: 300 }),
  }),
  { maxLength: 600 },
);

/** The index after these steps, and what should be in it. */
function played(all: readonly Step[]): { readonly index: IdIndex; readonly expected: ReadonlyMap<string, number> } {
  const undo = new Undo();
  const index = new IdIndex(undo);
  let committed = new Map<string, number>();
  let now = new Map<string, number>();
  const change = (id: string, newSeq: number | undefined) => {
    const seq = now.get(id);
    if (newSeq !== undefined && seq === undefined) {
      index.add(id, newSeq);
      now.set(id, newSeq);
    } else if (newSeq === undefined && seq !== undefined) {
      index.remove(id, seq);
      now.delete(id);
    }
  };
  for (const [at, { kind, which }] of all.entries()) {
    if (kind === 'commit') {
      undo.forget();
      committed = new Map(now);
    } else if (kind === 'roll back') {
      undo.play();
      now = new Map(committed);
    } else {
      change(`id-${which}`, kind === 'add' ? at + 1 : undefined);
    }
  }
  return { index, expected: now };
}

it('finds what is there and nothing else, whatever was removed or taken back', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { index, expected } = played(all);
      for (let which = 0; which <= 300; which++) {
        const id = `id-${which}`;
        expect(index.placesOf(id)).toEqual(expected.has(id) ? [expected.get(id)] : []);
      }
    }),
  );
});

it('grows, and closes the gaps of what is removed', () => {
  const index = new IdIndex(new Undo());
  const count = 20_000;
  for (let seq = 1; seq <= count; seq++) index.add(`id-${seq}`, seq);
  for (let seq = 1; seq <= count; seq += 2) index.remove(`id-${seq}`, seq);
  const wrong: number[] = [];
  for (let seq = 1; seq <= count; seq++)
    if (index.placesOf(`id-${seq}`).includes(seq) !== (seq % 2 === 0)) wrong.push(seq);
  expect(wrong).toEqual([]);
});

it('gives every place where the hashes of two ids are the same', () => {
  const index = new IdIndex(new Undo());
  index.add('a', 7);
  index.add('a', 9);
  expect(index.placesOf('a')).toEqual([7, 9]);
  index.remove('a', 7);
  expect(index.placesOf('a')).toEqual([9]);
});
