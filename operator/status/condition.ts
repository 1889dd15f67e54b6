// The four conditions, each with a reason from the table in api/conditions.ts and a sentence for a tired person. Pure.
import type { Condition, ConditionType, Reason } from '../api/conditions.ts';
import { wantedReplicas } from '../desired/input.ts';
import type { Assessment } from './assessment.ts';
import type { StatusInput } from './input.ts';
import { lastingStats, storeError } from './pod-state.ts';

interface Verdict {
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}
const verdict = (status: Verdict['status'], reason: Reason, message: string): Verdict => ({ status, reason, message });

/** Schedulers, admission webhooks and kubelets may have much to say; the definition takes 32768. */
const MOST_WORDS = 4096;

export function conditionsOf(input: StatusInput, assessment: Assessment): Condition[] {
  const verdicts: Record<ConditionType, Verdict> = {
    Available: available(input, assessment),
    Progressing: progressing(input, assessment),
    GPUsAvailable: gpusAvailable(input, assessment),
    StoreReady: storeReady(input),
  };
  return Object.entries(verdicts).map(([type, now]) => withTime(type, now, input));
}

/** The time is that of the last change of the condition's status, as Kubernetes has it. */
function withTime(type: string, now: Verdict, { owner, now: time }: StatusInput): Condition {
  const before = owner.status?.conditions?.find((condition) => condition.type === type);
  const lastTransitionTime =
    before?.status === now.status ? before.lastTransitionTime : time.toISOString().replace(/\.\d+Z$/, 'Z');
  const { generation } = owner.metadata;
  const message = now.message.slice(0, MOST_WORDS);
  return {
    type,
    ...now,
    message,
    lastTransitionTime,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

function available({ owner, problems }: StatusInput, { ready, cause }: Assessment): Verdict {
  const wanted = wantedReplicas(owner);
  if (owner.metadata.deletionTimestamp !== undefined) return verdict('False', 'Terminating', 'it is being deleted');
  if (owner.spec.paused) return verdict('False', 'Paused', 'spec.paused is true; accepted requests stay in the queue');
  if (wanted === 0) return verdict('False', 'ScaledToZero', 'spec.replicas is 0; accepted requests stay in the queue');
  const problem = problems[0];
  if (ready >= wanted)
    return verdict('True', 'AllReplicasReady', `${counted(ready)} take${ready === 1 ? 's' : ''} requests`);
  if (ready > 0) {
    const why = problem?.message ?? cause?.message;
    return verdict(
      'True',
      'SomeReplicasReady',
      `${ready} of ${wanted} replicas take requests${why === undefined ? '' : `; ${why}`}`,
    );
  }
  if (cause !== undefined) return verdict('False', cause.reason, cause.message);
  if (problem !== undefined) return verdict('False', problem.reason, problem.message);
  return verdict('False', 'Starting', 'pods are being made');
}

function progressing(
  { owner, deployment, problems, rollout, isWaitingForTurn }: StatusInput,
  { isRolling, ready, present, cause }: Assessment,
): Verdict {
  // Old pods that serve leave nothing to say to the condition Available: what the new ones lack is said here.
  const lack = cause === undefined ? '' : `; ${cause.message}`;
  const problem = problems.find(({ isTransient }) => !isTransient) ?? problems[0];
  if (problem !== undefined) return verdict('False', problem.reason, problem.message);
  const stalled = deployment?.status?.conditions?.find(
    ({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded',
  );
  if (stalled !== undefined) {
    const words = stalled.message ?? 'the rollout makes no progress within its deadline';
    return verdict('False', 'RolloutStalled', `${words}${lack}`);
  }
  const wanted = wantedReplicas(owner);
  if (isRolling)
    return verdict('True', 'RollingOut', `pods are being replaced (${rollout?.strategy}: ${rollout?.reason})${lack}`);
  if (isWaitingForTurn)
    return verdict(
      'True',
      'WaitingForTurn',
      'pods are to be replaced for a change of the operator’s settings once fewer other deployments are at it',
    );
  if (ready === wanted && present === wanted) return verdict('True', 'Complete', 'all pods are of the latest spec');
  return verdict('True', 'Scaling', `${counted(wanted)} wanted, ${present} there, ${ready} ready`);
}

function gpusAvailable({ owner, pods }: StatusInput, { homeless, leaving }: Assessment): Verdict {
  const { count, resource } = owner.spec.gpu;
  if (count === 0) return verdict('True', 'NotNeeded', 'spec.gpu.count is 0');
  if (homeless?.reason === 'InsufficientGPUs') {
    const hope = leaving > 0 ? '; a pod that is draining will free some' : '';
    return verdict('False', 'InsufficientGPUs', `a pod wants ${count} ${resource}: ${homeless.message}${hope}`);
  }
  const placed = pods.filter((pod) => pod.spec.nodeName !== undefined).length;
  if (placed === 0) return verdict('Unknown', 'NoPods', 'no pod is on a node');
  return verdict(
    'True',
    'Assigned',
    `${counted(placed)} of ${count} ${resource} ${placed === 1 ? 'is on a node' : 'are on nodes'}`,
  );
}

function storeReady({ pods, stats, problems }: StatusInput): Verdict {
  const missing = problems.find(({ reason }) => reason === 'StoreNotConfigured');
  if (missing !== undefined) return verdict('False', missing.reason, missing.message);
  const figures = lastingStats(pods, stats);
  const error = storeError(figures);
  if (error !== undefined) return verdict('False', 'StoreUnreachable', `a sidecar cannot reach its store: ${error}`);
  const connected = figures.find(({ store }) => store.ok);
  if (connected === undefined) return verdict('Unknown', 'NotObserved', 'no sidecar has told of its store yet');
  return verdict('True', 'Connected', `the sidecars reach their store (${connected.store.kind})`);
}

const counted = (replicas: number): string => `${replicas} replica${replicas === 1 ? '' : 's'}`;
