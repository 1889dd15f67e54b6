// Is an object in the cluster still what we want? Then there is nothing to write: steady state makes no calls at all. Pure.
// The stamped hash sees what we changed (fields we no longer send too), the comparison what somebody else changed.

import { hashOf } from '../api/hash.ts';
import type { KubernetesObject } from '../api/kubernetes.ts';
import { annotations } from '../api/names.ts';
import { parseQuantity } from '../api/quantity.ts';

export function isUpToDate(wanted: KubernetesObject, observed: KubernetesObject): boolean {
  return observed.metadata.annotations?.[annotations.applied] === hashOf(wanted) && holds(wanted, observed);
}

/** Everything wanted is there; what the server or others added beside it does not matter. */
export function holds(wanted: unknown, observed: unknown): boolean {
  if (observed === undefined && isNothing(wanted)) return true;
  if (Array.isArray(wanted)) return Array.isArray(observed) && listHolds(wanted, observed);
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof observed !== 'object' || observed === null) return false;
    return Object.entries(wanted).every(([key, value]) => holds(value, (observed as Record<string, unknown>)[key]));
  }
  return wanted === observed || isSameQuantity(wanted, observed);
}

/** Lists of named things may have grown (an admission webhook's variables); others are compared as they stand. */
function listHolds(wanted: readonly unknown[], observed: readonly unknown[]): boolean {
  const isNamed = wanted.every((item) => nameOf(item) !== undefined);
  if (isNamed)
    return wanted.every((item) => observed.some((other) => nameOf(other) === nameOf(item) && holds(item, other)));
  return wanted.length === observed.length && wanted.every((item, index) => holds(item, observed[index]));
}

function nameOf(item: unknown): unknown {
  return typeof item === 'object' && item !== null ? (item as { name?: unknown }).name : undefined;
}

/** The server drops what is empty or false here and there: it means the same. */
function isNothing(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isNothing);
  return value === undefined || value === '' || value === false;
}

/** The server may rewrite 1000m as 1. */
function isSameQuantity(wanted: unknown, observed: unknown): boolean {
  const isScalar = (value: unknown) => typeof value === 'string' || typeof value === 'number';
  if (!isScalar(wanted) || !isScalar(observed)) return false;
  const [a, b] = [parseQuantity(wanted as string), parseQuantity(observed as string)];
  return a !== undefined && a === b;
}
