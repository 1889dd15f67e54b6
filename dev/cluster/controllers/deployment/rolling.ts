// The arithmetic of a rolling update: how many replicas the new ReplicaSet may have, how many the old ones must give up.
// The rules of the real deployment controller, number for number. Pure.
import type { Deployment, IntOrString, ReplicaSet } from '../../objects.ts';

export type Replicas = { readonly set: ReplicaSet; readonly replicas: number };

export const wanted = (deployment: Deployment): number => deployment.spec.replicas ?? 1;
export const sizeOf = (set: ReplicaSet): number => set.spec.replicas ?? 1;
export const availableOf = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0;
export const sum = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number): number =>
  sets.reduce((total, set) => total + of(set), 0);

export const isRolling = (deployment: Deployment): boolean =>
  (deployment.spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';

/** Surge rounds up, unavailable rounds down; both zero would never move, so that one pod may then be unavailable. */
export function fenceposts(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const rolling = deployment.spec.strategy?.rollingUpdate;
  const surge = resolve(rolling?.maxSurge ?? '25%', wanted(deployment), Math.ceil);
  const unavailable = resolve(rolling?.maxUnavailable ?? '25%', wanted(deployment), Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function resolve(value: IntOrString, of: number, round: (exact: number) => number): number {
  const percent = /^([0-9]+)%$/.exec(String(value));
  return percent ? round((Number(percent[1]) * of) / 100) : Number(value);
}

export const maxSurge = (deployment: Deployment): number => (isRolling(deployment) ? fenceposts(deployment).surge : 0);

export function maxUnavailable(deployment: Deployment): number {
  if (!isRolling(deployment) || wanted(deployment) === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, wanted(deployment));
}

/** The size the new ReplicaSet may have now. */
export function newSize(deployment: Deployment, current: ReplicaSet, all: readonly ReplicaSet[]): number {
  const size = sizeOf(current);
  if (size >= wanted(deployment) || !isRolling(deployment)) return wanted(deployment);
  const room = wanted(deployment) + maxSurge(deployment) - sum(all, sizeOf);
  return room <= 0 ? size : size + Math.min(room, wanted(deployment) - size);
}

/** What the old ReplicaSets go down to: pods that are not available first, then as many as availability allows. */
export function oldSizes(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): readonly Replicas[] {
  if (sum(old, sizeOf) === 0) return [];
  const minAvailable = wanted(deployment) - maxUnavailable(deployment);
  const currentUnavailable = sizeOf(current) - availableOf(current);
  const mayGo = sum([...old, current], sizeOf) - minAvailable - currentUnavailable;
  if (mayGo <= 0) return [];
  const oldest = [...old].sort(byAge);
  const sizes = new Map(oldest.map((set) => [set, sizeOf(set)]));
  takeUnavailable(oldest, sizes, mayGo);
  const available = sum([...old, current], availableOf);
  if (available > minAvailable) takeAvailable(oldest, sizes, available - minAvailable);
  return oldest.filter((set) => sizes.get(set) !== sizeOf(set)).map((set) => ({ set, replicas: sizes.get(set) ?? 0 }));
}

function takeUnavailable(oldest: readonly ReplicaSet[], sizes: Map<ReplicaSet, number>, mayGo: number): void {
  let left = mayGo;
  for (const set of oldest) {
    const size = sizes.get(set) ?? 0;
    const gone = Math.max(0, Math.min(left, size - availableOf(set)));
    sizes.set(set, size - gone);
    left -= gone;
  }
}

function takeAvailable(oldest: readonly ReplicaSet[], sizes: Map<ReplicaSet, number>, mayGo: number): void {
  let left = mayGo;
  for (const set of oldest) {
    const size = sizes.get(set) ?? 0;
    const gone = Math.min(left, size);
    sizes.set(set, size - gone);
    left -= gone;
  }
}

/** Scaling in the middle of a rollout: every live ReplicaSet takes its share, the largest first, the rest goes to the first. */
export function proportionalSizes(
  deployment: Deployment,
  active: readonly ReplicaSet[],
  maxReplicasOf: (set: ReplicaSet) => number,
): readonly Replicas[] {
  const allowed = wanted(deployment) > 0 ? wanted(deployment) + maxSurge(deployment) : 0;
  const toAdd = allowed - sum(active, sizeOf);
  const order = toAdd > 0 ? bySizeNewer : bySizeOlder;
  const sorted = [...active].sort(order);
  let added = 0;
  const sizes = sorted.map((set) => {
    if (toAdd === 0 || sizeOf(set) === 0) return { set, replicas: sizeOf(set) };
    const share = Math.round((sizeOf(set) * allowed) / maxReplicasOf(set)) - sizeOf(set);
    const left = toAdd - added;
    const part = toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
    added += part;
    return { set, replicas: sizeOf(set) + part };
  });
  return sizes.map((size, index) => {
    const replicas = Math.max(0, index === 0 ? size.replicas + toAdd - added : size.replicas);
    return { set: size.set, replicas };
  });
}

export const byAge = (a: ReplicaSet, b: ReplicaSet): number =>
  a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
  a.metadata.name.localeCompare(b.metadata.name);
const bySizeNewer = (a: ReplicaSet, b: ReplicaSet): number => sizeOf(b) - sizeOf(a) || byAge(b, a);
const bySizeOlder = (a: ReplicaSet, b: ReplicaSet): number => sizeOf(b) - sizeOf(a) || byAge(a, b);
