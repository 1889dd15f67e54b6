// How a typed server writes a quantity: as it came where it thinks that canonical, else in its own way (0.7 as 700m, 1024Mi as 1Gi).
// Follows apimachinery's ParseQuantity and CanonicalizeBytes; test/unit/quantity.test.ts has what the real ones make of many.
import { parseQuantity, type Quantity } from '../../../operator/api/quantity.ts';

const decimalSuffixes = new Map([-9, -6, -3, 0, 3, 6, 9, 12, 15, 18].map((power, at) => [power, 'num kMGTPE'[at]!]));
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const shape = /^[+-]?0*(\d*)(?:\.(\d*))?(.*)$/;

/** `undefined` if it is not a quantity. */
export function canonicalQuantity(text: string): string | undefined {
  const quantity = parseQuantity(text);
  if (quantity === undefined) return undefined;
  if (quantity.mantissa === 0n) return '0';
  const [, whole = '', fraction = '', suffix = ''] = shape.exec(text) ?? [];
  const isBinary = suffix.endsWith('i');
  if (isBinary ? isKeptBinary(whole, fraction, suffix) : isKeptDecimal(whole, fraction, suffix)) return text;
  return (isBinary ? binaryText(quantity) : undefined) ?? decimalText(quantity, /^[eE]./.test(suffix));
}

function isKeptDecimal(whole: string, fraction: string, suffix: string): boolean {
  const digits = `${whole || '0'}${fraction}`;
  const power = exponentOf(suffix) - fraction.length;
  return digits.length <= 18 && power >= -9 && power % 3 === 0 && !digits.endsWith('000') && digits[0] !== '0';
}

function isKeptBinary(whole: string, fraction: string, suffix: string): boolean {
  const bits = binarySuffixes.indexOf(suffix) * 10;
  return fraction === '' && whole.length + Math.trunc((bits * 3) / 10) + 1 <= 15 && (BigInt(whole) & 7n) !== 0n;
}

function exponentOf(suffix: string): number {
  if (suffix.length > 1) return Number(suffix.slice(1));
  return [...decimalSuffixes].find(([, letter]) => letter.trim() === suffix)?.[0] ?? 0;
}

/** Not for what is small or not whole: it would be rounded. */
function binaryText({ mantissa, exponent }: Quantity): string | undefined {
  if (exponent < 0) return undefined;
  let amount = mantissa * 10n ** BigInt(exponent);
  if (amount < 1024n && amount > -1024n) return undefined;
  let suffix = 0;
  for (; amount % 1024n === 0n; suffix++) amount /= 1024n;
  return `${amount}${binarySuffixes[suffix]}`;
}

function decimalText({ mantissa, exponent }: Quantity, isScientific: boolean): string {
  const power = Math.floor(exponent / 3) * 3;
  const digits = mantissa * 10n ** BigInt(exponent - power);
  if (power === 0) return String(digits);
  return isScientific ? `${digits}e${power}` : `${digits}${decimalSuffixes.get(power) ?? ''}`;
}
