// Quantities as Kubernetes reads and writes them. The table is what apimachinery (Kubernetes 1.36) made of each text, run once.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalQuantity } from '../../dev/cluster/api/canonical-quantity.ts';
import { isSameQuantity, parseQuantity, wholeUnits } from '../../operator/api/quantity.ts';

/** What the real server stores; undefined where it refuses. */
const table: readonly (readonly [string, string | undefined])[] = [
  ['0.7', '700m'],
  ['0.1', '100m'],
  ['700m', '700m'],
  ['1000m', '1'],
  ['1000', '1k'],
  ['1k', '1k'],
  ['1.5', '1500m'],
  ['1.500', '1.500'],
  ['1500m', '1500m'],
  ['16e9', '16e9'],
  ['16E9', '16E9'],
  ['16e09', '16e09'],
  ['1E3', '1E3'],
  ['1E', '1E'],
  ['1e3', '1e3'],
  ['1e', undefined],
  ['.5Gi', '512Mi'],
  ['1.5Gi', '1536Mi'],
  ['5.', '5.'],
  ['+5', '+5'],
  ['-5', '-5'],
  ['5.Gi', '5.Gi'],
  ['0.5Ki', '512'],
  ['1023Ki', '1023Ki'],
  ['1024Ki', '1Mi'],
  ['1024Mi', '1Gi'],
  ['1025Mi', '1025Mi'],
  ['2048Mi', '2Gi'],
  ['512Mi', '512Mi'],
  ['8Gi', '8Gi'],
  ['1Gi', '1Gi'],
  ['16Gi', '16Gi'],
  ['10Gi', '10Gi'],
  ['0.0000000001', '1n'],
  ['1n', '1n'],
  ['1u', '1u'],
  ['0.1n', '1n'],
  ['100m', '100m'],
  ['1e-3', '1e-3'],
  ['1E-3', '1E-3'],
  ['1e+3', '1e+3'],
  ['32MB', undefined],
  ['32mb', undefined],
  ['32 Mi', undefined],
  [' 32Mi', undefined],
  ['lots', undefined],
  ['1i', undefined],
  ['1K', undefined],
  ['1ki', undefined],
  ['1Ki', '1Ki'],
  ['0', '0'],
  ['00', '0'],
  ['0.0', '0'],
  ['0Gi', '0'],
  ['007', '007'],
  ['+0', '0'],
  ['+', '0'],
  ['.', '0'],
  ['Gi', '0'],
  ['-', '0'],
  ['-0.5', '-500m'],
  ['1e400', '10e399'],
  ['9223372036854775807', '9223372036854775807'],
  ['9223372036854775808', '9223372036854775808'],
  ['9223372036854775808Ki', '9223372036854775807'],
  ['8Ei', '9223372036854775807'],
  ['1.1.M', undefined],
  ['1+1.0M', undefined],
  ['0.1mi', undefined],
  ['1e3Mi', undefined],
  ['5e', undefined],
  ['100000', '100k'],
  ['100k', '100k'],
  ['1000k', '1M'],
  ['1M', '1M'],
  ['1000Mi', '1000Mi'],
  ['1.0', '1'],
  ['1.0Gi', '1Gi'],
  ['2.50', '2500m'],
  ['0.25', '250m'],
  ['250m', '250m'],
  ['1e6', '1e6'],
  ['1000e3', '1e6'],
  ['10e2', '1e3'],
  ['1e2', '100'],
  ['5E', '5E'],
  ['12E', '12E'],
  ['1P', '1P'],
  ['1Pi', '1Pi'],
  ['1000000Ti', '1000000Ti'],
  ['1.5k', '1500'],
  ['1536', '1536'],
  ['1536Mi', '1536Mi'],
  ['1.5e3', '1500'],
  ['0.001Ki', '1024m'],
  ['3m', '3m'],
  ['0.003', '3m'],
  ['64Ki', '64Ki'],
];

describe.each(table)('%j', (text, stored) => {
  it(stored === undefined ? 'is no quantity' : `is ${stored}`, () => {
    expect(parseQuantity(text) === undefined).toBe(stored === undefined);
    expect(canonicalQuantity(text)).toBe(stored);
  });
  it('is the amount that the server stores, and none of the others', () => {
    for (const [, other] of table) {
      if (stored === undefined || other === undefined) continue;
      const isSame = stored === other || sameInAllButLetters(stored, other);
      expect(isSameQuantity(text, other), other).toBe(isSame);
    }
  });
});

/** Stored texts of the table that are one amount. */
function sameInAllButLetters(a: string, b: string): boolean {
  const families = [
    ['1k', '1E3', '1e3', '1e+3'],
    ['1M', '1e6'],
    ['16e9', '16E9', '16e09'],
    ['1500m', '1.500'],
    ['1500', '1500'],
    ['1m', '1e-3', '1E-3'],
    ['5', '5.', '+5'],
  ];
  return families.some((family) => family.includes(a) && family.includes(b));
}

it('loses no digit where a floating-point number would', () => {
  expect(isSameQuantity('9007199254740993', '9007199254740992')).toBe(false);
  expect(isSameQuantity('0.1', '100m')).toBe(true);
  expect(isSameQuantity('1.1Gi', '1181116006400m')).toBe(true);
  expect(isSameQuantity('1.1Gi', '1181116006')).toBe(false);
});

it('takes exponents that no machine could write out', () => {
  for (const text of ['1e999999999', '1e-999999999', '-7e2147483647']) {
    expect(isSameQuantity(text, text)).toBe(true);
    expect(isSameQuantity(text, '1')).toBe(false);
  }
  expect(wholeUnits('1e999999999')).toBe(Number.POSITIVE_INFINITY);
});

it('rounds up to whole bytes', () => {
  expect(['1.5Gi', '32Mi', '0.5', 0.5, 7, '16e3', '100m'].map(wholeUnits)).toEqual([
    1_610_612_736, 33_554_432, 1, 1, 7, 16_000, 1,
  ]);
});

it('writes what it read, and the same when it reads that again', () => {
  const suffix = fc.constantFrom(
    '',
    'n',
    'u',
    'm',
    'k',
    'M',
    'G',
    'T',
    'P',
    'Ki',
    'Mi',
    'Gi',
    'Ti',
    'e3',
    'E-2',
    'e+7',
  );
  const digits = fc.stringMatching(/^[+-]?[0-9]{1,12}(\.[0-9]{0,6})?$/);
  fc.assert(
    fc.property(digits, suffix, (number, unit) => {
      const stored = canonicalQuantity(number + unit) ?? '';
      expect(isSameQuantity(number + unit, stored)).toBe(true);
      expect(canonicalQuantity(stored)).toBe(stored);
    }),
    { numRuns: 2_000 },
  );
});
