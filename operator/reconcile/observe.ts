// Everything a reconcile looks at, gathered once: caches and the sidecars' figures, plus what only events tell (pod-events.ts).

import type { Clock } from '../../runtime/clock.ts';
import type { SidecarStats } from '../../sidecar/contract.ts';
import type { InferenceDeployment } from '../api/inference-deployment.ts';
import type { Deployment, KubernetesObject, Pod, ReplicaSet } from '../api/kubernetes.ts';
import type { Key } from '../api/names.ts';
import type { KubernetesClient } from '../cluster/client.ts';
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
  return {
    owner,
    children: view.children(key),
    deployment,
    replicaSets: view.replicaSets(key),
    pods,
    stats: stats.of(pods),
    podTroubles: await readTroubles(client, pods, clock.nowMs()),
    probeKills: await readProbeKills(client, pods),
    hasPodMonitorApi: view.hasPodMonitorApi,
  };
}
