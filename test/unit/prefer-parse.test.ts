// RFC 7240, the examples of its text and the malformed shapes it tells to ignore.
import { expect, test } from 'vitest';
import { parsePrefer } from '../../sidecar/prefer/parse.ts';

const brief = (field: string) =>
  parsePrefer(field).map(({ name, value }) => (value === '' ? name : `${name}=${value}`));

test.each([
  ['respond-async', ['respond-async']],
  ['Respond-Async', ['respond-async']],
  ['respond-async, wait=10', ['respond-async', 'wait=10']],
  ['wait = 10', ['wait=10']],
  ['foo; bar', ['foo']],
  ['foo; bar=""', ['foo']],
  ['foo=""; bar', ['foo']],
  ['foo="bar, baz"; x=";"', ['foo=bar, baz']],
  ['foo="a\\"b"', ['foo=a"b']],
  ['return=minimal; foo="some parameter"', ['return=minimal']],
  ['lenient, ,, handling=lenient', ['lenient', 'handling=lenient']],
  ['a;;b', ['a']],
  ['', []],
  [' , ,', []],
  ['=nothing, good', ['good']],
  ['two words, good', ['good']],
  ['foo="never closed, respond-async', []],
  ['bad@token, good', ['good']],
])('%j reads %j', (field, expected) => {
  expect(brief(field)).toEqual(expected);
});

test('a preference keeps its text with parameters, to travel on', () => {
  expect(parsePrefer('a=1; b="x, y" , c')[0]?.text).toBe('a=1; b="x, y"');
});

test('a hostile field costs no more than linear time', () => {
  const started = performance.now();
  parsePrefer(`x${';a=  '.repeat(2_500)}\u0001`);
  parsePrefer(`x${';    '.repeat(2_500)}\u0001`);
  parsePrefer(`x=${' '.repeat(15_000)}@`);
  parsePrefer(`${'"\\'.repeat(7_000)}`);
  expect(performance.now() - started).toBeLessThan(1_000);
});
