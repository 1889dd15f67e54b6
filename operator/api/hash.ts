// A short, stable fingerprint of JSON: the order of an object's keys does not count.
import { createHash } from 'node:crypto';

export function hashOf(value: unknown, hexDigits = 16): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, hexDigits);
}

export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, child: unknown) =>
    typeof child === 'object' && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : child,
  );
}
