// PodDisruptionBudget -> its status: how many of its pods are healthy and how many may be evicted now. The API server's eviction
// subresource (kubectl drain) reads disruptionsAllowed; nothing is evicted here.
import type { ClusterClient } from '../client.ts';
import { controllerOf, isPodFinished, isPodReady, now, withCondition } from '../conditions.ts';
import type { Deployment, IntOrString, Pod, PodDisruptionBudget, ReplicaSet } from '../objects.ts';
import { disruptionBudgets } from '../resources.ts';
import { matches } from '../selector.ts';
import type { WatchCache } from '../watch-cache.ts';

export type DisruptionParts = {
  readonly client: ClusterClient;
  readonly budgets: WatchCache<PodDisruptionBudget>;
  readonly pods: WatchCache<Pod>;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly deployments: WatchCache<Deployment>;
};

export async function syncBudget(parts: DisruptionParts, key: string): Promise<undefined> {
  const budget = parts.budgets.get(key);
  if (!budget || budget.metadata.deletionTimestamp) return undefined;
  const own = parts.pods.list().filter((pod) => isCovered(budget, pod));
  const figures = allowance(budget, own, scaleOf(parts, own), disruptedNow(budget, own));
  const generation = budget.metadata.generation ?? 0;
  const isAllowed = figures.disruptionsAllowed > 0;
  const condition = {
    type: 'DisruptionAllowed',
    status: isAllowed ? 'True' : 'False',
    reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: generation,
  };
  const conditions = withCondition(budget.status?.conditions ?? [], condition, now());
  const disruptedPods = disruptedNow(budget, own);
  const status = { ...figures, observedGeneration: generation, conditions };
  const known = budget.status ?? {};
  const isSame =
    Object.entries(figures).every(([field, value]) => (known[field as keyof typeof figures] ?? 0) === value) &&
    (known.observedGeneration ?? 0) === generation &&
    conditions === known.conditions &&
    Object.keys(known.disruptedPods ?? {}).length === Object.keys(disruptedPods).length;
  if (isSame) return undefined;
  const at = { namespace: budget.metadata.namespace ?? '', name: budget.metadata.name, subresource: 'status' };
  const gone = Object.fromEntries(
    Object.keys(known.disruptedPods ?? {}).map((name) => [name, disruptedPods[name] ?? null]),
  );
  // With the resourceVersion: an eviction that was granted meanwhile must not be overwritten.
  const metadata = { resourceVersion: budget.metadata.resourceVersion };
  parts.budgets.observe(
    await parts.client.patch(disruptionBudgets, at, 'merge', { metadata, status: { ...status, disruptedPods: gone } }),
  );
  return undefined;
}

function isCovered(budget: PodDisruptionBudget, pod: Pod): boolean {
  return (
    pod.metadata.namespace === budget.metadata.namespace &&
    !isPodFinished(pod) &&
    matches(budget.spec.selector, pod.metadata.labels)
  );
}

/** Pods that an eviction was granted for and that are still there: they no longer count as healthy. */
function disruptedNow(budget: PodDisruptionBudget, own: readonly Pod[]): { readonly [pod: string]: string } {
  const alive = new Set(own.filter((pod) => !pod.metadata.deletionTimestamp).map((pod) => pod.metadata.name));
  return Object.fromEntries(Object.entries(budget.status?.disruptedPods ?? {}).filter(([name]) => alive.has(name)));
}

export type Allowance = {
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
  readonly disruptionsAllowed: number;
};

/** Pure. minAvailable as a number counts the pods there are; everything else counts what their owners want. */
export function allowance(
  budget: PodDisruptionBudget,
  own: readonly Pod[],
  scale: number,
  disrupted: { readonly [pod: string]: string },
): Allowance {
  const healthy = own.filter(
    (pod) => isPodReady(pod) && !pod.metadata.deletionTimestamp && !(pod.metadata.name in disrupted),
  );
  const { minAvailable, maxUnavailable } = budget.spec;
  const byNumber = maxUnavailable === undefined && typeof (minAvailable ?? 1) === 'number';
  const expectedPods = byNumber ? own.length : scale;
  const desiredHealthy =
    maxUnavailable === undefined
      ? portion(minAvailable ?? 1, expectedPods)
      : Math.max(0, expectedPods - portion(maxUnavailable, expectedPods));
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, healthy.length - desiredHealthy) : 0;
  return { currentHealthy: healthy.length, desiredHealthy, expectedPods, disruptionsAllowed };
}

/** Percentages round up, for minAvailable and maxUnavailable alike. */
function portion(value: IntOrString, of: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseFloat(value) * of) / 100);
}

function scaleOf(parts: DisruptionParts, own: readonly Pod[]): number {
  const scales = new Map<string, number>();
  for (const pod of own) {
    const set = parts.replicaSets.list().find((entry) => entry.metadata.uid === controllerOf(pod)?.uid);
    if (!set) continue;
    const deployment = parts.deployments.list().find((entry) => entry.metadata.uid === controllerOf(set)?.uid);
    const owner = deployment ?? set;
    scales.set(owner.metadata.uid, owner.spec.replicas ?? 1);
  }
  return [...scales.values()].reduce((sum, scale) => sum + scale, 0);
}
