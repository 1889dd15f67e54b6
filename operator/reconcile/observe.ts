// Everything a reconcile looks at, gathered once: caches and the sidecars' figures, plus two reads that caches cannot answer
// (a Secret that a watch has not shown yet, the events of a pod that hangs).

import type { Clock } from '../../runtime/clock.ts';
import type { SidecarStats } from '../../sidecar/contract.ts';
import type { InferenceDeployment } from '../api/inference-deployment.ts';
import type { Deployment, KubernetesObject, Pod, ReplicaSet, Secret } from '../api/kubernetes.ts';
import { childNames, containerNames, type Key, secretKeys } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { ApiError, isNotFound } from '../cluster/api-error.ts';
import type { KubernetesClient } from '../cluster/client.ts';
import { tokenInHook } from '../desired/probes.ts';
import type { StatsBoard } from '../stats/stats-board.ts';
import type { ProbeKill } from '../status/container-end.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { readProbeKills, readTroubles } from './pod-events.ts';

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
  /** What killed the last run of a pod's model, if it was a probe, by uid. */
  readonly probeKills: ReadonlyMap<string, ProbeKill>;
  readonly adminToken: string | undefined;
  readonly hasPodMonitorApi: boolean;
}

export interface ObserveParts {
  readonly view: ClusterView;
  readonly client: KubernetesClient;
  readonly stats: StatsBoard;
  readonly clock: Clock;
}

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
    probeKills: await readProbeKills(client, pods),
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
