// The ReplicaSets of a Deployment as its controller finds, makes, resizes and forgets them. When it does which is in controller.ts.
import { ApiError } from '../../client.ts';
import { conditionOf, controllerOf, isControlledBy, now, ownerReference } from '../../conditions.ts';
import type { Deployment, ReplicaSet } from '../../objects.ts';
import { deployments as deploymentResource, replicaSets as replicaSetResource } from '../../resources.ts';
import { matches } from '../../selector.ts';
import type { DeploymentParts, Sets } from './parts.ts';
import { ignoreGone, writeStatus } from './report.ts';
import {
  annotationsFor,
  currentSet,
  forgettable,
  newReplicaSet,
  nextRevision,
  replicaAnnotations,
  revisionAnnotation,
} from './revisions.ts';
import { byAge, newSize, sizeOf } from './rolling.ts';
import { hasDeadline, isComplete, setCondition, statusOf } from './status.ts';
import { isSameTemplate } from './template-hash.ts';

export async function claimSets(parts: DeploymentParts, deployment: Deployment): Promise<ReplicaSet[]> {
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

export function split(deployment: Deployment, all: readonly ReplicaSet[]): Sets {
  const current = currentSet(deployment, all);
  return { all, current, old: all.filter((set) => set !== current) };
}

/** The ReplicaSet of the present template, made if it is not there, with its revision and annotations brought up to date. */
export async function withCurrentSet(parts: DeploymentParts, deployment: Deployment, all: readonly ReplicaSet[]) {
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

export async function resize(
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

export async function forgetOld(parts: DeploymentParts, deployment: Deployment, sets: Sets): Promise<void> {
  if (!deployment.spec.paused && !isComplete(deployment, statusOf(deployment, sets.all, sets.current, now()))) return;
  for (const set of forgettable(deployment, sets.old)) {
    const at = { namespace: set.metadata.namespace ?? '', name: set.metadata.name };
    await parts.client.delete(replicaSetResource, at, { propagationPolicy: 'Background' }).catch(ignoreGone);
  }
}
