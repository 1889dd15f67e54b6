// What a Deployment's controller says of it: the status, written only when it changes, and when to look again for the deadline.
import { isNotFound } from '../../client.ts';
import { conditionOf, now } from '../../conditions.ts';
import type { Outcome } from '../../key-queue.ts';
import type { Condition, Deployment, DeploymentStatus, ReplicaSet } from '../../objects.ts';
import { deployments as deploymentResource } from '../../resources.ts';
import type { DeploymentParts, Sets } from './parts.ts';
import { deadlineAt, hasDeadline, isComplete, rolloutStatus, setCondition, statusOf } from './status.ts';

export async function notePause(parts: DeploymentParts, deployment: Deployment): Promise<Deployment> {
  if (!hasDeadline(deployment)) return deployment;
  const progressing = conditionOf(deployment, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') return deployment;
  const isToldPaused = progressing?.reason === 'DeploymentPaused';
  const isPaused = deployment.spec.paused === true;
  if (isPaused === isToldPaused) return deployment;
  const next: Condition = isPaused
    ? { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
    : { type: 'Progressing', status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' };
  return await writeStatus(parts, deployment, {
    ...deployment.status,
    conditions: setCondition(deployment.status?.conditions ?? [], next, now()),
  });
}

type Statement = (
  deployment: Deployment,
  all: readonly ReplicaSet[],
  current: ReplicaSet | undefined,
  at: string,
) => DeploymentStatus;

export async function report(
  parts: DeploymentParts,
  deployment: Deployment,
  sets: Sets,
  say: Statement = rolloutStatus,
): Promise<Outcome> {
  const status = say(deployment, sets.all, sets.current, now());
  await writeStatus(parts, deployment, status);
  const after = { ...deployment, status };
  if (say === statusOf || !hasDeadline(deployment) || isComplete(deployment, status)) return undefined;
  const progressing = conditionOf(after, 'Progressing');
  if (
    !progressing ||
    progressing.reason === 'ProgressDeadlineExceeded' ||
    progressing.reason === 'NewReplicaSetAvailable'
  )
    return undefined;
  // Times in conditions are whole seconds: looking a second late is looking once.
  return { againInMs: Math.max(deadlineAt(after) - Date.now(), 0) + 1_000 };
}

export async function writeStatus(
  parts: DeploymentParts,
  deployment: Deployment,
  status: DeploymentStatus,
): Promise<Deployment> {
  const stored = parts.deployments.get(`${deployment.metadata.namespace}/${deployment.metadata.name}`)?.status ?? {};
  if (comparable(stored) === comparable(status)) return { ...deployment, status };
  const at = { namespace: deployment.metadata.namespace ?? '', name: deployment.metadata.name, subresource: 'status' };
  try {
    const patched = await parts.client.patch(deploymentResource, at, 'merge', { status });
    parts.deployments.observe(patched);
    return { ...deployment, status };
  } catch (error) {
    ignoreGone(error);
    return deployment;
  }
}

const counts = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'collisionCount',
] as const;

/** The API server leaves zeros out. */
function comparable(status: DeploymentStatus): string {
  const conditions = (status.conditions ?? []).map(({ type, status: is, reason, message, lastUpdateTime }) => [
    type,
    is,
    reason,
    message,
    lastUpdateTime,
  ]);
  return JSON.stringify([counts.map((count) => status[count] ?? 0), conditions]);
}

export function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
