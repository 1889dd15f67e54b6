// Which pods should go first when replicas are lowered: the least busy. Pure; the ReplicaSet controller does the rest, and
// takes pods that are not ready before any of these.
import type { SidecarStats } from '../../sidecar/contract.ts';
import type { Deployment, Pod } from '../api/kubernetes.ts';

export interface DeletionCost {
  readonly pod: Pod;
  readonly cost: number;
}

export const isLowered = (deployment: Deployment | undefined, wanted: number): boolean =>
  deployment !== undefined && wanted > 0 && wanted < (deployment.spec.replicas ?? 1);

/** A pod whose sidecar does not answer is taken for idle: it serves nobody. */
export function deletionCosts(
  pods: readonly Pod[],
  statsOf: (pod: Pod) => SidecarStats | undefined,
): readonly DeletionCost[] {
  return pods
    .filter((pod) => pod.metadata.deletionTimestamp === undefined)
    .map((pod) => {
      const stats = statsOf(pod);
      return { pod, cost: (stats?.inFlight ?? 0) + (stats?.waiting ?? 0) };
    });
}
