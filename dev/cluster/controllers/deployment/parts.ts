// What the steps of the Deployment controller work with: the caches they read, and a Deployment's ReplicaSets sorted by template.
import type { ClusterClient } from '../../client.ts';
import type { Recorder } from '../../event-recorder.ts';
import type { Deployment, Pod, ReplicaSet } from '../../objects.ts';
import type { WatchCache } from '../../watch-cache.ts';

export type DeploymentParts = {
  readonly client: ClusterClient;
  readonly deployments: WatchCache<Deployment>;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly pods: WatchCache<Pod>;
  readonly recorder: Recorder;
};

export type Sets = {
  readonly all: readonly ReplicaSet[];
  readonly current: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
};
