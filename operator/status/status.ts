// Status, computed once at the end of a reconcile from what was observed and what went wrong. Pure: same input, same status,
// so that nothing is written while nothing changes.
import type { SidecarStats } from '../../sidecar/contract.ts';
import type { Condition, ConditionType } from '../api/conditions.ts';
import { canonicalJson } from '../api/hash.ts';
import type { InferenceDeploymentStatus } from '../api/inference-deployment.ts';
import type { Pod } from '../api/kubernetes.ts';
import { labels } from '../api/names.ts';
import { wantedReplicas } from '../desired/input.ts';
import { serviceUrl } from '../desired/services.ts';
import { assess } from './assessment.ts';
import { conditionsOf } from './condition.ts';
import type { StatusInput } from './input.ts';
import { isFinished, isLiving } from './pod-state.ts';

export function statusOf(observed: StatusInput): InferenceDeploymentStatus {
  const { owner, stats, rollout } = observed;
  const { name, namespace = '' } = owner.metadata;
  const input = { ...observed, pods: withoutReplaced(observed.pods, wantedReplicas(owner)) };
  const assessment = assess(input);
  const conditions = conditionsOf(input, assessment);
  return {
    phase: assessment.phase,
    ready: `${assessment.ready}/${wantedReplicas(owner)}`,
    ...(owner.metadata.generation === undefined ? {} : { observedGeneration: owner.metadata.generation }),
    replicas: assessment.present,
    readyReplicas: assessment.ready,
    selector: `${labels.name}=${name}`,
    url: serviceUrl(namespace, name),
    ...figures([...stats.values()]),
    ...(assessment.waitingFor === undefined ? {} : { waitingFor: assessment.waitingFor }),
    ...(rollout === undefined ? {} : { rollout }),
    message: messageOf(conditions),
    conditions,
  };
}

const byWeight = ['Progressing', 'Available', 'StoreReady', 'GPUsAvailable'] as const satisfies ConditionType[];

/** What is wrong first: what could not be made, what keeps pods from being ready, the store, GPUs; else how it stands. */
function messageOf(conditions: readonly Condition[]): string {
  const wrong = byWeight.find((type) => conditions.some((one) => one.type === type && one.status === 'False'));
  return conditions.find(({ type }) => type === (wrong ?? 'Available'))?.message ?? '';
}

/** An evicted pod stays behind, failed, long after another took its place: it says something only as long as none did. */
function withoutReplaced(pods: readonly Pod[], wanted: number): readonly Pod[] {
  return pods.filter(isLiving).length >= wanted ? pods.filter((pod) => !isFinished(pod)) : pods;
}

/** Sums over replicas; the async queue is the whole deployment's, whichever sidecar tells. */
function figures(
  stats: readonly SidecarStats[],
): Pick<InferenceDeploymentStatus, 'queued' | 'inFlight' | 'oldestQueuedSeconds'> {
  const waiting = stats.reduce((sum, figure) => sum + figure.waiting, 0);
  const queues = stats.flatMap(({ queue }) => queue ?? []);
  const queued = Math.max(0, ...queues.map((queue) => queue.queued));
  const oldest = Math.max(0, ...queues.map((queue) => queue.oldestQueuedSeconds));
  return {
    // With no pod, or none that reaches the store, requests may wait there all the same: nobody knows, so nothing is said.
    ...(queues.length === 0 ? {} : { queued: waiting + queued }),
    inFlight: stats.reduce((sum, figure) => sum + figure.inFlight, 0),
    ...(queued === 0 ? {} : { oldestQueuedSeconds: oldest }),
  };
}

export function isSameStatus(before: InferenceDeploymentStatus | undefined, after: InferenceDeploymentStatus): boolean {
  return before !== undefined && canonicalJson(before) === canonicalJson(after);
}
