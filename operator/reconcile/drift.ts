// Is an object in the cluster still what we want? Then there is nothing to write: steady state makes no calls at all. Pure.
// The stamped hash sees what we changed (fields we no longer send too), the comparison what somebody else changed.

import { hashOf } from '../api/hash.ts';
import type { KubernetesObject } from '../api/kubernetes.ts';
import { annotations } from '../api/names.ts';
import { isSameQuantity } from '../api/quantity.ts';

export function isUpToDate(wanted: KubernetesObject, observed: KubernetesObject): boolean {
  return observed.metadata.annotations?.[annotations.applied] === hashOf(wanted) && holds(wanted, observed);
}

/** Everything wanted is there; what the server or others added beside it does not matter. */
export function holds(wanted: unknown, observed: unknown, path: readonly string[] = []): boolean {
  if (observed === undefined && isNothing(wanted)) return true;
  if (Array.isArray(wanted)) return Array.isArray(observed) && listHolds(wanted, observed, path);
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof observed !== 'object' || observed === null) return false;
    const fields = observed as Record<string, unknown>;
    return Object.entries(wanted).every(([key, value]) => holds(value, fields[key], [...path, key]));
  }
  return wanted === observed || (isQuantity(path) && isSameAmount(wanted, observed));
}

/** Lists of named things may have grown (an admission webhook's variables); others are compared as they stand. */
function listHolds(wanted: readonly unknown[], observed: readonly unknown[], path: readonly string[]): boolean {
  const isNamed = wanted.every((item) => nameOf(item) !== undefined);
  if (isNamed)
    return wanted.every((item) => observed.some((other) => nameOf(other) === nameOf(item) && holds(item, other, path)));
  return wanted.length === observed.length && wanted.every((item, index) => holds(item, observed[index], path));
}

function nameOf(item: unknown): unknown {
  return typeof item === 'object' && item !== null ? (item as { name?: unknown }).name : undefined;
}

/** The server drops what is empty or false here and there: it means the same. */
function isNothing(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isNothing);
  return value === undefined || value === '' || value === false;
}

/**
 * Whether Kubernetes' schema says quantity there, which the server writes in its own way: 0.7 becomes 700m. Elsewhere texts are
 * texts: a variable that was 1000 and is 1k now was changed by somebody.
 */
function isQuantity(path: readonly string[]): boolean {
  const [field, group, above] = path.toReversed();
  if (above === 'resources') return group === 'limits' || group === 'requests';
  return (group === 'emptyDir' && field === 'sizeLimit') || (group === 'resourceFieldRef' && field === 'divisor');
}

function isSameAmount(wanted: unknown, observed: unknown): boolean {
  const isScalar = (value: unknown) => typeof value === 'string' || typeof value === 'number';
  return isScalar(wanted) && isScalar(observed) && isSameQuantity(wanted as string, observed as string);
}
