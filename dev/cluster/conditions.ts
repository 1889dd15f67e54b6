// What the controllers ask of pods and objects again and again: is it ready, since when, who owns it. Pure.
import type { Condition, KubeObject, OwnerReference } from './objects.ts';
import type { Pod } from './pod.ts';

export const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

export const conditionOf = (
  object: { readonly status?: { readonly conditions?: readonly Condition[] } },
  type: string,
) => object.status?.conditions?.find((condition) => condition.type === type);

export const isPodReady = (pod: Pod): boolean => conditionOf(pod, 'Ready')?.status === 'True';

export const isPodFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Counts as a replica: neither finished nor on its way out. */
export const isPodActive = (pod: Pod): boolean => !isPodFinished(pod) && pod.metadata.deletionTimestamp === undefined;

/** Ready for `minReadySeconds`; otherwise how long until it would be, undefined when it is not ready at all. */
export function availability(
  pod: Pod,
  minReadySeconds: number,
  nowMs: number,
): true | { readonly inMs: number } | undefined {
  if (!isPodReady(pod)) return undefined;
  if (minReadySeconds === 0) return true;
  const since = Date.parse(conditionOf(pod, 'Ready')?.lastTransitionTime ?? '');
  const inMs = since + minReadySeconds * 1_000 - nowMs;
  return inMs <= 0 ? true : { inMs };
}

export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((reference) => reference.controller === true);

export const isControlledBy = (object: KubeObject, owner: KubeObject): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid;

export function ownerReference(owner: KubeObject, kind: string, apiVersion: string): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The list with this condition put in; its lastTransitionTime moves only when the status changes. */
export function withCondition(list: readonly Condition[], next: Condition, at: string): readonly Condition[] {
  const known = list.find((condition) => condition.type === next.type);
  if (known && known.status === next.status && known.reason === next.reason && known.message === next.message)
    return list;
  const lastTransitionTime = known?.status === next.status ? known.lastTransitionTime : at;
  const entry = { ...next, lastTransitionTime };
  return known ? list.map((condition) => (condition === known ? entry : condition)) : [...list, entry];
}
