// ReplicaSet -> Pods: keeps as many active pods as wanted and reports what there is. Deletes in the order of victims.ts.
// It knows nothing of rollouts (deployment/) nor of nodes.
import type { ClusterClient } from '../../client.ts';
import { ApiError, isNotFound } from '../../client.ts';
import {
  availability,
  conditionOf,
  controllerOf,
  isControlledBy,
  isPodActive,
  isPodReady,
  now,
  ownerReference,
  withCondition,
} from '../../conditions.ts';
import type { Recorder } from '../../event-recorder.ts';
import type { Outcome } from '../../key-queue.ts';
import type { Condition, Pod, ReplicaSet, ReplicaSetStatus } from '../../objects.ts';
import { pods as podResource, replicaSets as replicaSetResource } from '../../resources.ts';
import { matches } from '../../selector.ts';
import type { WatchCache } from '../../watch-cache.ts';
import { victims } from './victims.ts';

export type ReplicaSetParts = {
  readonly client: ClusterClient;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly pods: WatchCache<Pod>;
  readonly recorder: Recorder;
};

export async function syncReplicaSet(parts: ReplicaSetParts, key: string): Promise<Outcome> {
  const set = parts.replicaSets.get(key);
  if (!set) return undefined;
  const own = await claimPods(parts, set);
  const active = own.filter(isPodActive);
  const failure = set.metadata.deletionTimestamp ? undefined : await manageReplicas(parts, set, active);
  return await writeStatus(parts, set, own, failure);
}

/** Its own pods, after taking up matching orphans and letting go of those that no longer match. */
async function claimPods(parts: ReplicaSetParts, set: ReplicaSet): Promise<Pod[]> {
  const claimed: Pod[] = [];
  for (const pod of parts.pods.list()) {
    if (pod.metadata.namespace !== set.metadata.namespace) continue;
    const fits = matches(set.spec.selector, pod.metadata.labels);
    if (isControlledBy(pod, set)) {
      if (fits) claimed.push(pod);
      else if (isPodActive(pod)) await setOwners(parts, pod, null);
    } else if (fits && !controllerOf(pod) && isPodActive(pod) && !set.metadata.deletionTimestamp) {
      const adopted = await setOwners(parts, pod, [ownerReference(set, 'ReplicaSet', 'apps/v1')]);
      if (adopted) claimed.push(adopted);
    }
  }
  return claimed;
}

async function setOwners(parts: ReplicaSetParts, pod: Pod, ownerReferences: object[] | null): Promise<Pod | undefined> {
  const at = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
  try {
    const patched = await parts.client.patch(podResource, at, 'merge', {
      metadata: { uid: pod.metadata.uid, ownerReferences },
    });
    parts.pods.observe(patched);
    return patched;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

type Failure = { readonly reason: 'FailedCreate' | 'FailedDelete'; readonly message: string };

async function manageReplicas(
  parts: ReplicaSetParts,
  set: ReplicaSet,
  active: readonly Pod[],
): Promise<Failure | undefined> {
  const missing = (set.spec.replicas ?? 1) - active.length;
  if (missing > 0) return await createPods(parts, set, Math.min(missing, 500));
  if (missing < 0) return await deletePods(parts, set, active, Math.min(-missing, 500));
  return undefined;
}

/** In batches of 1, 2, 4, ...: a template that the API server refuses costs one refused call, not five hundred. */
async function createPods(parts: ReplicaSetParts, set: ReplicaSet, count: number): Promise<Failure | undefined> {
  for (let done = 0, batch = 1; done < count; done += batch, batch *= 2) {
    const size = Math.min(batch, count - done);
    const results = await Promise.allSettled(Array.from({ length: size }, () => createPod(parts, set)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) return { reason: 'FailedCreate', message: reasonText(failed.reason) };
  }
  return undefined;
}

async function createPod(parts: ReplicaSetParts, set: ReplicaSet): Promise<void> {
  const { namespace = '', name } = set.metadata;
  const { metadata, spec } = set.spec.template;
  try {
    const pod = await parts.client.create(
      podResource,
      { namespace },
      {
        metadata: {
          ...metadata,
          generateName: `${name}-`,
          namespace,
          ownerReferences: [ownerReference(set, 'ReplicaSet', 'apps/v1')],
        },
        spec,
      },
    );
    parts.pods.observe(pod);
    parts.recorder.record(named(set), 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
  } catch (error) {
    // The real controller keeps silent when the namespace is on its way out.
    if (!(error instanceof ApiError && error.message.includes('being terminated'))) {
      parts.recorder.record(named(set), 'Warning', 'FailedCreate', `Error creating: ${reasonText(error)}`);
    }
    throw error;
  }
}

async function deletePods(
  parts: ReplicaSetParts,
  set: ReplicaSet,
  active: readonly Pod[],
  count: number,
): Promise<Failure | undefined> {
  const owner = controllerOf(set)?.uid;
  const siblings = parts.replicaSets
    .list()
    .filter((other) => other === set || (owner && controllerOf(other)?.uid === owner));
  const uids = new Set(siblings.map((sibling) => sibling.metadata.uid));
  const related = parts.pods.list().filter((pod) => isPodActive(pod) && uids.has(controllerOf(pod)?.uid ?? ''));
  const chosen = victims(active, related, count, Date.now());
  const results = await Promise.allSettled(chosen.map((pod) => deletePod(parts, set, pod)));
  const failed = results.find((result) => result.status === 'rejected');
  return failed ? { reason: 'FailedDelete', message: reasonText(failed.reason) } : undefined;
}

async function deletePod(parts: ReplicaSetParts, set: ReplicaSet, pod: Pod): Promise<void> {
  const at = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
  try {
    const marked = await parts.client.delete(podResource, at, { preconditions: { uid: pod.metadata.uid } });
    if (marked?.metadata?.deletionTimestamp) parts.pods.observe(marked);
    else parts.pods.forget(pod);
    parts.recorder.record(named(set), 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
  } catch (error) {
    if (isNotFound(error)) return;
    parts.recorder.record(named(set), 'Warning', 'FailedDelete', `Error deleting: ${reasonText(error)}`);
    throw error;
  }
}

async function writeStatus(
  parts: ReplicaSetParts,
  set: ReplicaSet,
  own: readonly Pod[],
  failure: Failure | undefined,
): Promise<Outcome> {
  const active = own.filter(isPodActive);
  const minReady = set.spec.minReadySeconds ?? 0;
  const availabilities = active.map((pod) => availability(pod, minReady, Date.now()));
  const templateLabels = { matchLabels: set.spec.template.metadata?.labels ?? {} };
  const status: ReplicaSetStatus = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => matches(templateLabels, pod.metadata.labels)).length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: availabilities.filter((available) => available === true).length,
    terminatingReplicas: own.filter((pod) => pod.metadata.deletionTimestamp).length,
    observedGeneration: set.metadata.generation ?? 0,
    conditions: conditionsAfter(set, failure),
  };
  if (!sameStatus(set.status, status)) {
    const at = { namespace: set.metadata.namespace ?? '', name: set.metadata.name, subresource: 'status' };
    try {
      parts.replicaSets.observe(await parts.client.patch(replicaSetResource, at, 'merge', { status }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  if (failure) throw new Error(failure.message);
  const soon = availabilities.flatMap((available) => (typeof available === 'object' ? [available.inMs] : []));
  return soon.length > 0 ? { againInMs: Math.min(...soon) + 5 } : undefined;
}

function conditionsAfter(set: ReplicaSet, failure: Failure | undefined): readonly Condition[] {
  const known = set.status?.conditions ?? [];
  if (!failure) return known.filter((condition) => condition.type !== 'ReplicaFailure');
  const current = conditionOf(set, 'ReplicaFailure');
  return current ? known : withCondition(known, { type: 'ReplicaFailure', status: 'True', ...failure }, now());
}

function sameStatus(before: ReplicaSetStatus | undefined, after: ReplicaSetStatus): boolean {
  const fields = [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'terminatingReplicas',
    'observedGeneration',
  ] as const;
  return (
    before !== undefined &&
    fields.every((field) => (before[field] ?? 0) === (after[field] ?? 0)) &&
    JSON.stringify(before.conditions ?? []) === JSON.stringify(after.conditions ?? [])
  );
}

const named = (set: ReplicaSet): ReplicaSet => ({ ...set, kind: 'ReplicaSet', apiVersion: 'apps/v1' });
const reasonText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
