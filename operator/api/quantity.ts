// Kubernetes quantities (apimachinery's resource.Quantity), exactly: 1.5Gi is 1610612736, 0.7 is 700m, 1E is an exa and 1E3 a thousand.
// Only for comparing and converting, never for rewriting.

/** mantissa × 10^exponent; no factor of ten in the mantissa, so that equal quantities are equal in both. Zero has the exponent 0. */
export interface Quantity {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const decimalSuffixes = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 } as const;
const binarySuffixes = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 } as const;

const shape = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+)|([KMGTPE]i)|([numkMGTPE]?))$/;

/** Smaller amounts are rounded away from zero to a billionth: whoever asks for some gets some. */
const SMALLEST_EXPONENT = -9;
/** Binary amounts end here, at the largest 64-bit integer. */
const MOST_BINARY = (1n << 63n) - 1n;

/** `undefined` if it is not a quantity. Like the API server, takes a number for the text that JSON has for it. */
export function parseQuantity(text: string | number): Quantity | undefined {
  const match = text === '' ? null : shape.exec(String(text));
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0', binary, decimal = ''] = match;
  const digits = BigInt(`${whole}${fraction}` || '0');
  const isBinary = binary !== undefined;
  const shift = isBinary ? 1n << BigInt(binarySuffixes[binary as keyof typeof binarySuffixes]) : 1n;
  const power = Number(exponent) + decimalSuffixes[decimal as keyof typeof decimalSuffixes] - fraction.length;
  const amount = rounded(digits * shift, power);
  const capped = isBinary && isMoreThan(amount, MOST_BINARY) ? { mantissa: MOST_BINARY, exponent: 0 } : amount;
  return sign === '-' ? { ...capped, mantissa: -capped.mantissa } : capped;
}

/** Numbers of digits decide first: an exponent of a billion must not become a power. */
function rounded(mantissa: bigint, exponent: number): Quantity {
  const excess = SMALLEST_EXPONENT - exponent;
  if (mantissa === 0n || excess <= 0) return withoutTens(mantissa, exponent);
  if (excess > String(mantissa).length) return { mantissa: 1n, exponent: SMALLEST_EXPONENT };
  const unit = 10n ** BigInt(excess);
  return withoutTens((mantissa + unit - 1n) / unit, SMALLEST_EXPONENT);
}

function withoutTens(mantissa: bigint, exponent: number): Quantity {
  if (mantissa === 0n) return { mantissa, exponent: 0 };
  const digits = String(mantissa);
  const kept = digits.replace(/0+$/, '');
  return { mantissa: BigInt(kept), exponent: exponent + digits.length - kept.length };
}

/** Of a binary amount, whose exponent is that of its few digits. */
const isMoreThan = ({ mantissa, exponent }: Quantity, most: bigint): boolean =>
  exponent < 0 ? mantissa > most * 10n ** BigInt(-exponent) : mantissa * 10n ** BigInt(exponent) > most;

/** Two ways of writing one amount. What is no quantity is the same as nothing. */
export function isSameQuantity(a: string | number, b: string | number): boolean {
  const [one, other] = [parseQuantity(a), parseQuantity(b)];
  return one !== undefined && one.mantissa === other?.mantissa && one.exponent === other.exponent;
}

/** Bytes, GPUs: rounded up to a whole number, as Kubernetes does. Beyond 2^53 the nearest number there is. */
export function wholeUnits(quantity: string | number): number | undefined {
  const parsed = parseQuantity(quantity);
  if (parsed === undefined) return undefined;
  const { mantissa, exponent } = parsed;
  if (exponent >= 0) return Number(`${mantissa}e${exponent}`);
  const unit = 10n ** BigInt(-exponent);
  return Number((mantissa + unit - 1n) / unit);
}
