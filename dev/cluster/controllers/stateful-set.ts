// StatefulSet -> Pods and their claims: named by ordinal, made in order, each waited for; scaled down and updated from the top. Enough
// for the chart's own Redis; history (ControllerRevisions) is not kept, so that a partition updates but never rolls back.
import type { ClusterClient } from '../client.ts';
import { ApiError, isNotFound } from '../client.ts';
import { isControlledBy, isPodFinished, isPodReady, ownerReference } from '../conditions.ts';
import type { Recorder } from '../event-recorder.ts';
import type { ClaimTemplate, Pod, StatefulSet, Volume } from '../objects.ts';
import { claims, pods as podResource, statefulSets } from '../resources.ts';
import type { WatchCache } from '../watch-cache.ts';
import { templateHash } from './deployment/template-hash.ts';

export type StatefulParts = {
  readonly client: ClusterClient;
  readonly sets: WatchCache<StatefulSet>;
  readonly pods: WatchCache<Pod>;
  readonly recorder: Recorder;
};

const revisionLabel = 'controller-revision-hash';

export async function syncStatefulSet(parts: StatefulParts, key: string): Promise<undefined> {
  const found = parts.sets.get(key);
  if (!found || found.metadata.deletionTimestamp) return undefined;
  const set: StatefulSet = { ...found, kind: 'StatefulSet', apiVersion: 'apps/v1' };
  const revision = `${set.metadata.name}-${templateHash(set.spec.template, undefined)}`;
  const own = parts.pods.list().filter((pod) => isControlledBy(pod, set));
  if (await fill(parts, set, own, revision)) if (await shrink(parts, set, own)) await update(parts, set, own, revision);
  await writeStatus(parts, set, revision);
  return undefined;
}

const ordinalOf = (pod: Pod): number => Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? -1);
const isParallel = (set: StatefulSet): boolean => set.spec.podManagementPolicy === 'Parallel';
const isHealthy = (pod: Pod | undefined): boolean =>
  pod !== undefined && isPodReady(pod) && !pod.metadata.deletionTimestamp;

/** True when all wanted pods are there and, in order, ready. */
async function fill(parts: StatefulParts, set: StatefulSet, own: readonly Pod[], revision: string): Promise<boolean> {
  for (let ordinal = 0; ordinal < (set.spec.replicas ?? 1); ordinal += 1) {
    const pod = own.find((entry) => ordinalOf(entry) === ordinal);
    if (pod && isPodFinished(pod) && !pod.metadata.deletionTimestamp) await remove(parts, set, pod);
    if (!pod) await create(parts, set, ordinal, revision);
    if (!isHealthy(pod) && !isParallel(set)) return false;
  }
  return true;
}

async function shrink(parts: StatefulParts, set: StatefulSet, own: readonly Pod[]): Promise<boolean> {
  const surplus = own
    .filter((pod) => ordinalOf(pod) >= (set.spec.replicas ?? 1))
    .sort((a, b) => ordinalOf(b) - ordinalOf(a));
  for (const pod of surplus) {
    if (!pod.metadata.deletionTimestamp) await remove(parts, set, pod);
    if (!isParallel(set)) return false;
  }
  return surplus.length === 0;
}

/** One pod of the old template at a time, and only while all above it are well. */
async function update(parts: StatefulParts, set: StatefulSet, own: readonly Pod[], revision: string): Promise<void> {
  if (set.spec.updateStrategy?.type === 'OnDelete') return;
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  const fromTop = own.filter((pod) => ordinalOf(pod) >= partition).sort((a, b) => ordinalOf(b) - ordinalOf(a));
  for (const pod of fromTop) {
    if (pod.metadata.labels?.[revisionLabel] !== revision && !pod.metadata.deletionTimestamp)
      return await remove(parts, set, pod);
    if (!isHealthy(pod)) return;
  }
}

async function create(parts: StatefulParts, set: StatefulSet, ordinal: number, revision: string): Promise<void> {
  const { namespace = '' } = set.metadata;
  const name = `${set.metadata.name}-${ordinal}`;
  const volumes: Volume[] = [];
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const claimName = `${template.metadata.name}-${name}`;
    await createClaim(parts, set, claimName, template);
    volumes.push({ name: template.metadata.name, persistentVolumeClaim: { claimName } });
  }
  const { metadata, spec } = set.spec.template;
  const labels = {
    ...metadata?.labels,
    [revisionLabel]: revision,
    'statefulset.kubernetes.io/pod-name': name,
    'apps.kubernetes.io/pod-index': String(ordinal),
  };
  const others = (spec.volumes ?? []).filter((volume) => !volumes.some((claimed) => claimed.name === volume.name));
  try {
    const pod = await parts.client.create(
      podResource,
      { namespace },
      {
        metadata: {
          name,
          namespace,
          labels,
          annotations: metadata?.annotations,
          ownerReferences: [ownerReference(set, 'StatefulSet', 'apps/v1')],
        },
        spec: { ...spec, hostname: name, subdomain: set.spec.serviceName, volumes: [...volumes, ...others] },
      },
    );
    parts.pods.observe(pod);
    parts.recorder.record(
      set,
      'Normal',
      'SuccessfulCreate',
      `create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
    );
  } catch (error) {
    const message = `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${error instanceof Error ? error.message : error}`;
    parts.recorder.record(set, 'Warning', 'FailedCreate', message);
    throw error;
  }
}

/** A claim that is there already keeps its data: that is what makes the set stateful. */
async function createClaim(
  parts: StatefulParts,
  set: StatefulSet,
  name: string,
  template: ClaimTemplate,
): Promise<void> {
  try {
    const { namespace = '' } = set.metadata;
    const isOwned = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
    const metadata = {
      name,
      namespace,
      labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
      ...(isOwned ? { ownerReferences: [ownerReference(set, 'StatefulSet', 'apps/v1')] } : {}),
    };
    await parts.client.create(claims, { namespace }, { metadata, spec: template.spec });
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error;
  }
}

async function remove(parts: StatefulParts, set: StatefulSet, pod: Pod): Promise<void> {
  const at = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
  try {
    const marked = await parts.client.delete(podResource, at, { preconditions: { uid: pod.metadata.uid } });
    if (marked?.metadata.deletionTimestamp) parts.pods.observe(marked);
    else parts.pods.forget(pod);
    parts.recorder.record(
      set,
      'Normal',
      'SuccessfulDelete',
      `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`,
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function writeStatus(parts: StatefulParts, set: StatefulSet, revision: string): Promise<void> {
  const own = parts.pods.list().filter((pod) => isControlledBy(pod, set) && !isPodFinished(pod));
  const alive = own.filter((pod) => !pod.metadata.deletionTimestamp);
  const updated = alive.filter((pod) => pod.metadata.labels?.[revisionLabel] === revision).length;
  const ready = alive.filter(isPodReady).length;
  const isDone = updated === (set.spec.replicas ?? 1) && ready === updated && own.length === updated;
  const status = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: own.length,
    readyReplicas: ready,
    availableReplicas: ready,
    updatedReplicas: updated,
    currentReplicas: isDone ? updated : own.length - updated,
    updateRevision: revision,
    currentRevision: isDone ? revision : (set.status?.currentRevision ?? revision),
  };
  const known: { readonly [field: string]: unknown } = set.status ?? {};
  if (Object.entries(status).every(([field, value]) => (known[field] ?? 0) === value)) return;
  const at = { namespace: set.metadata.namespace ?? '', name: set.metadata.name, subresource: 'status' };
  parts.sets.observe(await parts.client.patch(statefulSets, at, 'merge', { status }));
}
