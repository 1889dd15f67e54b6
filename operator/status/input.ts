// What status is computed from: what was observed, what was decided, and what went wrong.
import type { SidecarStats } from '../../sidecar/contract.ts';
import type { InferenceDeployment } from '../api/inference-deployment.ts';
import type { Deployment, Pod, ReplicaSet } from '../api/kubernetes.ts';
import type { Problem } from '../reconcile/outcome.ts';
import type { RolloutChoice } from '../reconcile/rollout.ts';
import type { ProbeKill } from './container-end.ts';

export interface StatusInput {
  readonly owner: InferenceDeployment;
  readonly deployment: Deployment | undefined;
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  readonly stats: ReadonlyMap<string, SidecarStats>;
  readonly podTroubles: ReadonlyMap<string, string>;
  readonly probeKills: ReadonlyMap<string, ProbeKill>;
  readonly rollout: RolloutChoice | undefined;
  /** Pods that the operator wants to replace of its own accord stay for now. */
  readonly isWaitingForTurn: boolean;
  readonly problems: readonly Problem[];
  readonly now: Date;
}
