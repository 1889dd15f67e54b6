// What a Deployment says about itself: counts and the conditions Available, Progressing (with its deadline) and ReplicaFailure,
// with the real controller's reasons and sentences. Pure; writing it is the controller's.
import { conditionOf, withCondition } from '../../conditions.ts';
import type { Condition, Deployment, DeploymentStatus, ReplicaSet } from '../../objects.ts';
import { availableOf, maxUnavailable, sizeOf, sum, wanted } from './rolling.ts';

const reported = (set: ReplicaSet): number => set.status?.replicas ?? 0;

export function statusOf(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  current: ReplicaSet | undefined,
  at: string,
): DeploymentStatus {
  const available = sum(all, availableOf);
  const isAvailable = available >= wanted(deployment) - maxUnavailable(deployment);
  const condition = isAvailable
    ? { status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : {
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum(all, reported),
    updatedReplicas: current ? reported(current) : 0,
    readyReplicas: sum(all, (set) => set.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(all, sizeOf) - available),
    terminatingReplicas: sum(all, (set) => set.status?.terminatingReplicas ?? 0),
    ...(deployment.status?.collisionCount === undefined ? {} : { collisionCount: deployment.status.collisionCount }),
    conditions: setCondition(deployment.status?.conditions ?? [], { type: 'Available', ...condition }, at),
  };
}

/** The status of a rollout under way: the Progressing condition and failures of ReplicaSets on top of the counts. */
export function rolloutStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  current: ReplicaSet | undefined,
  at: string,
): DeploymentStatus {
  const status = statusOf(deployment, all, current, at);
  const conditions = withFailures(progressConditions(deployment, status, current, at), all, current, at);
  return { ...status, conditions };
}

function progressConditions(
  deployment: Deployment,
  status: DeploymentStatus,
  current: ReplicaSet | undefined,
  at: string,
): readonly Condition[] {
  const known = status.conditions ?? [];
  if (!hasDeadline(deployment)) return known.filter((condition) => condition.type !== 'Progressing');
  const progressing = conditionOf(deployment, 'Progressing');
  if (status.replicas === status.updatedReplicas && progressing?.reason === 'NewReplicaSetAvailable') return known;
  const subject = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  const tell = (status: string, reason: string, words: string): Condition => ({
    type: 'Progressing',
    status,
    reason,
    message: `${subject} ${words}`,
  });
  if (isComplete(deployment, status)) {
    return setCondition(known, tell('True', 'NewReplicaSetAvailable', 'has successfully progressed.'), at);
  }
  if (hasProgressed(deployment.status ?? {}, status)) {
    const next = tell('True', 'ReplicaSetUpdated', 'is progressing.');
    const rest = known.filter((condition) => condition.type !== 'Progressing');
    const since = progressing?.status === 'True' ? (progressing.lastTransitionTime ?? at) : at;
    return [...rest, { ...next, lastUpdateTime: at, lastTransitionTime: since }];
  }
  if (isTimedOut(deployment, Date.parse(at))) {
    return setCondition(known, tell('False', 'ProgressDeadlineExceeded', 'has timed out progressing.'), at);
  }
  return known;
}

function withFailures(
  known: readonly Condition[],
  all: readonly ReplicaSet[],
  current: ReplicaSet | undefined,
  at: string,
): readonly Condition[] {
  const failing = [...(current ? [current] : []), ...all].find((set) => conditionOf(set, 'ReplicaFailure'));
  const failure = failing && conditionOf(failing, 'ReplicaFailure');
  if (!failure) return known.filter((condition) => condition.type !== 'ReplicaFailure');
  const { status, reason = '', message = '' } = failure;
  return setCondition(known, { type: 'ReplicaFailure', status, reason, message }, at);
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const replicas = wanted(deployment);
  return (
    status.updatedReplicas === replicas &&
    status.replicas === replicas &&
    status.availableReplicas === replicas &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** 2^31-1 is the API's word for "no deadline". */
export const hasDeadline = (deployment: Deployment): boolean =>
  (deployment.spec.progressDeadlineSeconds ?? 600) !== 2147483647;

function isTimedOut(deployment: Deployment, nowMs: number): boolean {
  const progressing = conditionOf(deployment, 'Progressing');
  if (!progressing || progressing.reason === 'NewReplicaSetAvailable') return false;
  if (progressing.reason === 'ProgressDeadlineExceeded') return true;
  return deadlineAt(deployment) < nowMs;
}

/** When the deadline falls, for the controller to look again just after it. */
export function deadlineAt(deployment: Deployment): number {
  const progressing = conditionOf(deployment, 'Progressing');
  return Date.parse(progressing?.lastUpdateTime ?? '') + (deployment.spec.progressDeadlineSeconds ?? 600) * 1_000;
}

/** As the real SetDeploymentCondition: the same status and reason change nothing, not even the message. */
export function setCondition(known: readonly Condition[], next: Condition, at: string): readonly Condition[] {
  const current = known.find((condition) => condition.type === next.type);
  if (current && current.status === next.status && current.reason === next.reason) return known;
  const rest = known.filter((condition) => condition.type !== next.type);
  return withCondition([...rest, ...(current ? [current] : [])], { ...next, lastUpdateTime: at }, at);
}
