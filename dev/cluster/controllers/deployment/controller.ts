// Deployment -> ReplicaSets: the story of a rollout in the order of the real controller. The arithmetic is in rolling.ts, what is
// reported in status.ts, the ReplicaSets' making in revisions.ts. It never touches a pod.
import type { ClusterClient } from '../../client.ts';
import { ApiError, isNotFound } from '../../client.ts';
import { conditionOf, controllerOf, isControlledBy, now, ownerReference } from '../../conditions.ts';
import type { Recorder } from '../../event-recorder.ts';
import type { Outcome } from '../../key-queue.ts';
import type { Condition, Deployment, DeploymentStatus, Pod, ReplicaSet } from '../../objects.ts';
import { deployments as deploymentResource, replicaSets as replicaSetResource } from '../../resources.ts';
import { matches } from '../../selector.ts';
import type { WatchCache } from '../../watch-cache.ts';
import {
  annotationsFor,
  currentSet,
  desiredReplicasOf,
  forgettable,
  maxReplicasOf,
  newReplicaSet,
  nextRevision,
  replicaAnnotations,
  revisionAnnotation,
} from './revisions.ts';
import { byAge, isRolling, newSize, oldSizes, proportionalSizes, sizeOf, sum, wanted } from './rolling.ts';
import { deadlineAt, hasDeadline, isComplete, rolloutStatus, setCondition, statusOf } from './status.ts';
import { isSameTemplate } from './template-hash.ts';

export type DeploymentParts = {
  readonly client: ClusterClient;
  readonly deployments: WatchCache<Deployment>;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly pods: WatchCache<Pod>;
  readonly recorder: Recorder;
};

type Sets = {
  readonly all: readonly ReplicaSet[];
  readonly current: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
};

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

async function claimSets(parts: DeploymentParts, deployment: Deployment): Promise<ReplicaSet[]> {
  const claimed: ReplicaSet[] = [];
  for (const set of parts.replicaSets.list()) {
    if (set.metadata.namespace !== deployment.metadata.namespace) continue;
    const fits = matches(deployment.spec.selector, set.metadata.labels);
    if (isControlledBy(set, deployment) && fits) claimed.push(set);
    else if (fits && !controllerOf(set) && !set.metadata.deletionTimestamp && !deployment.metadata.deletionTimestamp) {
      const ownerReferences = [ownerReference(deployment, 'Deployment', 'apps/v1')];
      claimed.push(await patchSet(parts, set, { metadata: { uid: set.metadata.uid, ownerReferences } }));
    }
  }
  return claimed.sort(byAge);
}

function split(deployment: Deployment, all: readonly ReplicaSet[]): Sets {
  const current = currentSet(deployment, all);
  return { all, current, old: all.filter((set) => set !== current) };
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

/** The ReplicaSet of the present template, made if it is not there, with its revision and annotations brought up to date. */
async function withCurrentSet(parts: DeploymentParts, deployment: Deployment, all: readonly ReplicaSet[]) {
  const known = split(deployment, all);
  const revision = nextRevision(known.old);
  const current = known.current
    ? await refreshSet(parts, deployment, known.current, revision)
    : await createSet(parts, deployment, known, revision);
  const sets: Sets = { all: [...known.old, current].sort(byAge), current, old: known.old };
  const reason = known.current ? 'FoundNewReplicaSet' : 'NewReplicaSetCreated';
  const words = known.current ? 'Found new' : 'Created new';
  const message = `${words} replica set "${current.metadata.name}"`;
  // An existing set is only announced where nothing has been said of progress yet; a new one always.
  const isTold = known.current !== undefined && conditionOf(deployment, 'Progressing') !== undefined;
  const next = { type: 'Progressing', status: 'True', reason, message };
  const conditions =
    isTold || !hasDeadline(deployment)
      ? deployment.status?.conditions
      : setCondition(deployment.status?.conditions ?? [], next, now());
  const told = { ...deployment, status: { ...deployment.status, ...(conditions ? { conditions } : {}) } };
  const revisionText = current.metadata.annotations?.[revisionAnnotation] ?? '';
  if (deployment.metadata.annotations?.[revisionAnnotation] !== revisionText) {
    const at = { namespace: deployment.metadata.namespace ?? '', name: deployment.metadata.name };
    const annotations = { [revisionAnnotation]: revisionText };
    const patched = await parts.client.patch(deploymentResource, at, 'merge', { metadata: { annotations } });
    parts.deployments.observe(patched);
    return { sets, deployment: { ...told, metadata: patched.metadata } };
  }
  return { sets, deployment: told };
}

async function refreshSet(
  parts: DeploymentParts,
  deployment: Deployment,
  set: ReplicaSet,
  revision: number,
): Promise<ReplicaSet> {
  const known = set.metadata.annotations ?? {};
  const next = annotationsFor(deployment, known, revision);
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const isSame =
    Object.keys(next).every((key) => known[key] === next[key]) && minReadySeconds === (set.spec.minReadySeconds ?? 0);
  return isSame ? set : await patchSet(parts, set, { metadata: { annotations: next }, spec: { minReadySeconds } });
}

async function createSet(
  parts: DeploymentParts,
  deployment: Deployment,
  known: Sets,
  revision: number,
): Promise<ReplicaSet> {
  const empty = { metadata: deployment.metadata, spec: { ...deployment.spec, replicas: 0 } } as unknown as ReplicaSet;
  const replicas = newSize(deployment, empty, known.all);
  const body = newReplicaSet(deployment, revision, replicas);
  try {
    const set = await parts.client.create(replicaSetResource, { namespace: deployment.metadata.namespace ?? '' }, body);
    parts.replicaSets.observe(set);
    if (replicas > 0) tellScaled(parts, deployment, set, 0, replicas);
    return set;
  } catch (error) {
    await explainCreateFailure(parts, deployment, body as ReplicaSet, error);
    throw error;
  }
}

/** A name taken by another template is a hash collision (count it up and try again); all else is told in the Progressing condition. */
async function explainCreateFailure(
  parts: DeploymentParts,
  deployment: Deployment,
  wantedSet: ReplicaSet,
  error: unknown,
): Promise<void> {
  const namespace = deployment.metadata.namespace ?? '';
  if (error instanceof ApiError && error.reason === 'AlreadyExists') {
    const taken = await parts.client.get(replicaSetResource, { namespace, name: wantedSet.metadata.name });
    if (isControlledBy(taken, deployment) && isSameTemplate(taken.spec.template, deployment.spec.template)) return;
    await writeStatus(parts, deployment, {
      ...deployment.status,
      collisionCount: (deployment.status?.collisionCount ?? 0) + 1,
    });
    return;
  }
  const message = `Failed to create new replica set "${wantedSet.metadata.name}": ${error instanceof Error ? error.message : error}`;
  parts.recorder.record(deployment, 'Warning', 'ReplicaSetCreateError', message);
  const failed = { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message };
  await writeStatus(parts, deployment, {
    ...deployment.status,
    conditions: setCondition(deployment.status?.conditions ?? [], failed, now()),
  });
}

async function resize(
  parts: DeploymentParts,
  deployment: Deployment,
  sets: Sets,
  sizes: readonly { set: ReplicaSet; replicas: number }[],
): Promise<Sets> {
  const changed = new Map<ReplicaSet, ReplicaSet>();
  const annotations = replicaAnnotations(deployment);
  for (const { set, replicas } of sizes) {
    const isTold = Object.entries(annotations).every(([key, value]) => set.metadata.annotations?.[key] === value);
    if (sizeOf(set) === replicas && isTold) continue;
    changed.set(set, await patchSet(parts, set, { metadata: { annotations }, spec: { replicas } }));
    if (sizeOf(set) !== replicas) tellScaled(parts, deployment, set, sizeOf(set), replicas);
  }
  const fresh = (set: ReplicaSet): ReplicaSet => changed.get(set) ?? set;
  return { all: sets.all.map(fresh), current: sets.current && fresh(sets.current), old: sets.old.map(fresh) };
}

function tellScaled(parts: DeploymentParts, deployment: Deployment, set: ReplicaSet, from: number, to: number): void {
  const direction = to > from ? 'up' : 'down';
  parts.recorder.record(
    deployment,
    'Normal',
    'ScalingReplicaSet',
    `Scaled ${direction} replica set ${set.metadata.name} from ${from} to ${to}`,
  );
}

async function patchSet(parts: DeploymentParts, set: ReplicaSet, body: object): Promise<ReplicaSet> {
  const at = { namespace: set.metadata.namespace ?? '', name: set.metadata.name };
  const patched = await parts.client.patch(replicaSetResource, at, 'merge', body);
  parts.replicaSets.observe(patched);
  return patched;
}

async function forgetOld(parts: DeploymentParts, deployment: Deployment, sets: Sets): Promise<void> {
  if (!deployment.spec.paused && !isComplete(deployment, statusOf(deployment, sets.all, sets.current, now()))) return;
  for (const set of forgettable(deployment, sets.old)) {
    const at = { namespace: set.metadata.namespace ?? '', name: set.metadata.name };
    await parts.client.delete(replicaSetResource, at, { propagationPolicy: 'Background' }).catch(ignoreGone);
  }
}

async function notePause(parts: DeploymentParts, deployment: Deployment): Promise<Deployment> {
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

async function report(
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

async function writeStatus(
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

function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
