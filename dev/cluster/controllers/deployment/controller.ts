// Deployment -> ReplicaSets: the story of a rollout in the order of the real controller. The arithmetic is in rolling.ts, what is
// reported in status.ts and report.ts, the ReplicaSets' making in replica-sets.ts. It never touches a pod.
import { controllerOf } from '../../conditions.ts';
import type { Outcome } from '../../key-queue.ts';
import type { Deployment, ReplicaSet } from '../../objects.ts';
import type { DeploymentParts, Sets } from './parts.ts';
import { claimSets, forgetOld, resize, split, withCurrentSet } from './replica-sets.ts';
import { notePause, report } from './report.ts';
import { desiredReplicasOf, maxReplicasOf } from './revisions.ts';
import { isRolling, newSize, oldSizes, proportionalSizes, sizeOf, sum, wanted } from './rolling.ts';
import { statusOf } from './status.ts';

export async function syncDeployment(parts: DeploymentParts, key: string): Promise<Outcome> {
  const found = parts.deployments.get(key);
  if (!found) return undefined;
  const deployment: Deployment = { ...found, kind: 'Deployment', apiVersion: 'apps/v1' };
  const all = await claimSets(parts, deployment);
  if (deployment.metadata.deletionTimestamp) return await report(parts, deployment, split(deployment, all), statusOf);
  const paused = await notePause(parts, deployment);
  if (paused.spec.paused || isScalingEvent(paused, all)) return await scaleOnly(parts, paused, all);
  return isRolling(paused) ? await rollingUpdate(parts, paused, all) : await recreate(parts, paused, all);
}

/** A change of spec.replicas, as opposed to a change of the template. */
function isScalingEvent(deployment: Deployment, all: readonly ReplicaSet[]): boolean {
  return all.some((set) => {
    const desired = sizeOf(set) > 0 ? desiredReplicasOf(set) : undefined;
    return desired !== undefined && desired !== wanted(deployment);
  });
}

async function rollingUpdate(
  parts: DeploymentParts,
  deployment: Deployment,
  all: readonly ReplicaSet[],
): Promise<Outcome> {
  const { sets, deployment: revised } = await withCurrentSet(parts, deployment, all);
  const current = sets.current as ReplicaSet;
  const size = newSize(revised, current, sets.all);
  if (size !== sizeOf(current))
    return await report(parts, revised, await resize(parts, revised, sets, [{ set: current, replicas: size }]));
  const down = oldSizes(revised, current, sets.old);
  if (down.length > 0) return await report(parts, revised, await resize(parts, revised, sets, down));
  await forgetOld(parts, revised, sets);
  return await report(parts, revised, sets);
}

async function recreate(parts: DeploymentParts, deployment: Deployment, all: readonly ReplicaSet[]): Promise<Outcome> {
  const before = split(deployment, all);
  const live = before.old.filter((set) => sizeOf(set) > 0);
  if (live.length > 0) {
    const zero = live.map((set) => ({ set, replicas: 0 }));
    return await report(parts, deployment, await resize(parts, deployment, before, zero));
  }
  // The old pods must be gone for good, those that are terminating too: that is what Recreate promises.
  if (hasOldPods(parts, before)) return await report(parts, deployment, before);
  const { sets, deployment: revised } = await withCurrentSet(parts, deployment, all);
  const current = sets.current as ReplicaSet;
  if (sizeOf(current) !== wanted(revised)) {
    const full = [{ set: current, replicas: wanted(revised) }];
    return await report(parts, revised, await resize(parts, revised, sets, full));
  }
  await forgetOld(parts, revised, sets);
  return await report(parts, revised, sets);
}

function hasOldPods(parts: DeploymentParts, sets: Sets): boolean {
  if (sum(sets.old, (set) => set.status?.replicas ?? 0) > 0) return true;
  const old = new Set(sets.old.map((set) => set.metadata.uid));
  return parts.pods.list().some((pod) => {
    const isOver = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
    return old.has(controllerOf(pod)?.uid ?? '') && !isOver;
  });
}

async function scaleOnly(parts: DeploymentParts, deployment: Deployment, all: readonly ReplicaSet[]): Promise<Outcome> {
  const sets = split(deployment, all);
  const after = await resize(parts, deployment, sets, scaledSizes(deployment, sets));
  if (deployment.spec.paused) await forgetOld(parts, deployment, after);
  return await report(parts, deployment, after, statusOf);
}

function scaledSizes(deployment: Deployment, sets: Sets) {
  const live = sets.all.filter((set) => sizeOf(set) > 0);
  const only = live.length === 0 ? (sets.current ?? sets.old.at(-1)) : live.length === 1 ? live[0] : undefined;
  if (only) return [{ set: only, replicas: wanted(deployment) }];
  if (sets.current && isSaturated(deployment, sets.current)) {
    return sets.old.filter((set) => sizeOf(set) > 0).map((set) => ({ set, replicas: 0 }));
  }
  return isRolling(deployment) ? proportionalSizes(deployment, live, maxReplicasOf(deployment)) : [];
}

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const replicas = wanted(deployment);
  return (
    sizeOf(set) === replicas && desiredReplicasOf(set) === replicas && (set.status?.availableReplicas ?? 0) === replicas
  );
}
