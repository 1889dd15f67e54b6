// Everything a reconcile looks at, gathered once: caches and the sidecars' figures, plus two reads that caches cannot answer
// (a Secret that a watch has not shown yet, the events of a pod that hangs).

import type { Clock } from '../../runtime/clock.ts';
import type { SidecarStats } from '../../sidecar/contract.ts';
import type { InferenceDeployment } from '../api/inference-deployment.ts';
import type { Deployment, Event, KubernetesObject, Pod, ReplicaSet, Secret } from '../api/kubernetes.ts';
import { childNames, containerNames, type Key, secretKeys } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { ApiError, isNotFound } from '../cluster/api-error.ts';
import type { KubernetesClient } from '../cluster/client.ts';
import { tokenInHook } from '../desired/probes.ts';
import type { StatsBoard } from '../stats/stats-board.ts';
import { isBeingMade } from '../status/pod-state.ts';
import type { ClusterView } from '../watch/cluster-view.ts';

export interface Observed {
  readonly owner: InferenceDeployment;
  readonly children: readonly KubernetesObject[];
  readonly deployment: Deployment | undefined;
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  /** By uid of the pod. */
  readonly stats: ReadonlyMap<string, SidecarStats>;
  /** What keeps a pod from being made, in the node's words, by uid. */
  readonly podTroubles: ReadonlyMap<string, string>;
  readonly adminToken: string | undefined;
  readonly hasPodMonitorApi: boolean;
}

export interface ObserveParts {
  readonly view: ClusterView;
  readonly client: KubernetesClient;
  readonly stats: StatsBoard;
  readonly clock: Clock;
}

/** A pod that takes this long to be made may have something to say about it. */
export const HANGING_MS = 20_000;

/** Anyone in the namespace can write events about a pod, as large as the API server takes them. */
const MOST_EVENTS = { items: 100, bytes: 1 << 20 };

/** Volumes and the pod's network; images and the scheduler speak through the pod's own status. */
const keepsPodsFromBeingMade = /^Failed(Mount|AttachVolume|MapVolume|CreatePodSandBox)$|^NetworkNotReady$/;

export async function observe(key: Key, owner: InferenceDeployment, parts: ObserveParts): Promise<Observed> {
  const { view, client, stats, clock } = parts;
  const deployment = view.deployment(key);
  const pods = view.pods(key);
  const secret = view.secret(key) ?? (await readSecret(client, owner));
  return {
    owner,
    children: view.children(key),
    deployment,
    replicaSets: view.replicaSets(key),
    pods,
    stats: stats.of(pods),
    podTroubles: await readTroubles(client, pods, clock.nowMs()),
    adminToken: tokenOf(secret) ?? tokenOfTemplate(deployment),
    hasPodMonitorApi: view.hasPodMonitorApi,
  };
}

async function readSecret(client: KubernetesClient, owner: InferenceDeployment): Promise<Secret | undefined> {
  const { name, namespace, uid } = owner.metadata;
  try {
    const found = await client.get<Secret>({ resource: resources.secrets, namespace, name: childNames.secret(name) });
    return found.metadata.ownerReferences?.some((reference) => reference.uid === uid) ? found : undefined;
  } catch (error) {
    // What the operator may not read, it may not write either: that write will tell.
    if (isNotFound(error) || (error instanceof ApiError && error.status === 403)) return undefined;
    throw error;
  }
}

function tokenOf(secret: Secret | undefined): string | undefined {
  const encoded = secret?.data?.[secretKeys.adminToken];
  return encoded ? Buffer.from(encoded, 'base64').toString('utf8') : undefined;
}

/** A Secret deleted by accident comes back as it was: another token would roll every pod. */
function tokenOfTemplate(deployment: Deployment | undefined): string | undefined {
  return tokenInHook(
    deployment?.spec.template.spec.containers.find((container) => container.name === containerNames.model) ?? {},
  );
}

async function readTroubles(
  client: KubernetesClient,
  pods: readonly Pod[],
  nowMs: number,
): Promise<ReadonlyMap<string, string>> {
  const hanging = pods.filter(
    (pod) =>
      isBeingMade(pod) &&
      nowMs - Date.parse(pod.status?.startTime ?? pod.metadata.creationTimestamp ?? '') > HANGING_MS,
  );
  const troubles = new Map<string, string>();
  // The first few tell what the others would.
  for (const pod of hanging.slice(0, 3)) {
    const { uid = '', namespace } = pod.metadata;
    const query = { fieldSelector: `involvedObject.uid=${uid},type=Warning` };
    const { items } = await client
      .list<Event>({ resource: resources.events, namespace, query }, undefined, MOST_EVENTS)
      .catch(() => ({ items: [] }));
    const last = items.filter((event) => keepsPodsFromBeingMade.test(event.reason ?? '')).at(-1);
    if (last?.message) troubles.set(uid, last.message);
  }
  return troubles;
}
