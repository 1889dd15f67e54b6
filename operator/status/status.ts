// Status, computed once at the end of a reconcile from what was observed and what went wrong. Pure: same input, same status,
// so that nothing is written while nothing changes.
import type { SidecarStats } from '../../sidecar/contract.ts';
import { canonicalJson } from '../api/hash.ts';
import type { InferenceDeployment, InferenceDeploymentStatus } from '../api/inference-deployment.ts';
import type { Deployment, Pod, ReplicaSet } from '../api/kubernetes.ts';
import { labels } from '../api/names.ts';
import { wantedReplicas } from '../desired/input.ts';
import { serviceUrl } from '../desired/services.ts';
import type { Problem } from '../reconcile/outcome.ts';
import type { RolloutChoice } from '../reconcile/rollout.ts';
import { assess } from './assessment.ts';
import { conditionsOf } from './condition.ts';

export interface StatusInput {
  readonly owner: InferenceDeployment;
  readonly deployment: Deployment | undefined;
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  readonly stats: ReadonlyMap<string, SidecarStats>;
  readonly podTroubles: ReadonlyMap<string, string>;
  readonly rollout: RolloutChoice | undefined;
  readonly problems: readonly Problem[];
  readonly now: Date;
}

export function statusOf(input: StatusInput): InferenceDeploymentStatus {
  const { owner, stats, rollout } = input;
  const { name, namespace = '' } = owner.metadata;
  const assessment = assess(input);
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
    conditions: conditionsOf(input, assessment),
  };
}

/** Sums over replicas; the async queue is the whole deployment's, whichever sidecar tells. */
function figures(
  stats: readonly SidecarStats[],
): Pick<InferenceDeploymentStatus, 'queued' | 'inFlight' | 'oldestQueuedSeconds'> {
  const waiting = stats.reduce((sum, figure) => sum + figure.waiting, 0);
  const queued = Math.max(0, ...stats.map((figure) => figure.queue?.queued ?? 0));
  const oldest = Math.max(0, ...stats.map((figure) => figure.queue?.oldestQueuedSeconds ?? 0));
  return {
    queued: waiting + queued,
    inFlight: stats.reduce((sum, figure) => sum + figure.inFlight, 0),
    ...(queued === 0 ? {} : { oldestQueuedSeconds: oldest }),
  };
}

export function isSameStatus(before: InferenceDeploymentStatus | undefined, after: InferenceDeploymentStatus): boolean {
  return before !== undefined && canonicalJson(before) === canonicalJson(after);
}
