// What a deployment as a whole is doing: its pods' states, the refusals of those who make pods, and from them one phase.
import type { Phase, Reason } from '../api/conditions.ts';
import type { Deployment, Pod, ReplicaSet } from '../api/kubernetes.ts';
import { annotations } from '../api/names.ts';
import { wantedReplicas } from '../desired/input.ts';
import { isRollingOut, REVISION } from '../reconcile/rollout.ts';
import type { StatusInput } from './input.ts';
import { isLiving, lastingStats, type PodState, podState, storeError } from './pod-state.ts';

export interface Assessment {
  readonly phase: Phase;
  readonly waitingFor: string | undefined;
  readonly ready: number;
  /** Pods that are there, those on their way out or at their end left out. */
  readonly present: number;
  readonly leaving: number;
  readonly isRolling: boolean;
  /** The one thing that says most about why not all replicas are ready. */
  readonly cause: Cause | undefined;
  readonly homeless: Extract<PodState, { kind: 'homeless' }> | undefined;
}

export interface Cause {
  readonly kind: 'coming' | 'homeless' | 'broken';
  readonly reason: Reason;
  readonly message: string;
}

export function assess(input: StatusInput): Assessment {
  const { owner, deployment, pods, stats, podTroubles, probeKills } = input;
  const states = pods.map((pod): PodState => {
    const uid = pod.metadata.uid ?? '';
    return podState(pod, {
      spec: owner.spec,
      stats: stats.get(uid),
      trouble: podTroubles.get(uid),
      kill: probeKills.get(uid),
    });
  });
  const count = (kind: PodState['kind']) => states.filter((state) => state.kind === kind).length;
  const leaving = count('leaving');
  const isRolling = deployment !== undefined && wantedReplicas(owner) > 0 && isReplacing(deployment, input);
  const facts = {
    ready: count('ready'),
    present: pods.filter(isLiving).length,
    leaving,
    isRolling,
    cause: causeOf(isRolling ? latestOf(states, input) : states, input) ?? lostStore(input),
    homeless: states.find((state) => state.kind === 'homeless'),
  };
  return { ...facts, phase: phaseOf(input, facts), waitingFor: waitingForOf(input, facts) };
}

type Facts = Omit<Assessment, 'phase' | 'waitingFor'>;

/**
 * A template that its controller has not taken up yet counts, and a pod of an older one: the controller makes the new ReplicaSet before
 * it says so in the Deployment, and a change would be called over before it began.
 */
function isReplacing(deployment: Deployment, { replicaSets, pods }: StatusInput): boolean {
  const latest = latestSet(replicaSets);
  const taken = latest?.metadata.annotations?.[annotations.template];
  return (
    isRollingOut(deployment) ||
    pods.some((pod) => isLiving(pod) && isOfAnother(pod, latest)) ||
    (taken !== undefined && taken !== deployment.metadata.annotations?.[annotations.template])
  );
}

function isOfAnother(pod: Pod, set: ReplicaSet | undefined): boolean {
  const [own, latest] = [pod.metadata.labels?.[TEMPLATE_HASH], set?.metadata.labels?.[TEMPLATE_HASH]];
  return own !== undefined && latest !== undefined && own !== latest;
}

function latestSet(replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const revisionOf = (set: ReplicaSet) => Number(set.metadata.annotations?.[REVISION] ?? 0);
  return replicaSets.toSorted((a, b) => revisionOf(b) - revisionOf(a))[0];
}

/** While pods are replaced, those of the latest spec say how it goes: a change that mends a broken one is not broken itself. */
function latestOf(states: readonly PodState[], { pods, replicaSets }: StatusInput): readonly PodState[] {
  const latest = latestSet(replicaSets)?.metadata.labels?.[TEMPLATE_HASH];
  const found = states.filter((_, index) => pods[index]?.metadata.labels?.[TEMPLATE_HASH] === latest);
  return latest === undefined || found.length === 0 ? states : found;
}
const TEMPLATE_HASH = 'pod-template-hash';

/** What is broken says more than what is refused, that more than what merely takes its time. */
function causeOf(states: readonly PodState[], { deployment, replicaSets }: StatusInput): Cause | undefined {
  const worst = (kind: Cause['kind']) => states.find((state): state is PodState & Cause => state.kind === kind);
  return worst('broken') ?? refusedPods(deployment, replicaSets) ?? worst('homeless') ?? worst('coming');
}

/** Replicas that have lost the store stay ready for sync callers. */
function lostStore({ pods, stats }: StatusInput): Cause | undefined {
  const error = storeError(lastingStats(pods, stats));
  if (error === undefined) return undefined;
  const message = `asynchronous requests are refused, a sidecar cannot reach its store: ${error}`;
  return { kind: 'broken', reason: 'StoreUnreachable', message };
}

/** Pods that could not even be made: a quota, Pod Security, a webhook, a missing service account. */
function refusedPods(deployment: Deployment | undefined, replicaSets: readonly ReplicaSet[]): Cause | undefined {
  const message = [
    ...(deployment?.status?.conditions ?? []),
    ...replicaSets.flatMap((set) => set.status?.conditions ?? []),
  ].find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True')?.message;
  if (message === undefined) return undefined;
  const isQuota = /exceeded quota/.test(message);
  return { kind: isQuota ? 'homeless' : 'broken', reason: isQuota ? 'QuotaExceeded' : 'AdmissionRefused', message };
}

function phaseOf({ owner, problems }: StatusInput, facts: Facts): Phase {
  const wanted = wantedReplicas(owner);
  if (owner.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (wanted === 0) return 'Paused';
  const { cause, ready, isRolling, leaving } = facts;
  if (cause?.kind === 'broken' || problems.some((problem) => !problem.isTransient))
    return ready > 0 ? 'Degraded' : 'Unhealthy';
  // During a rollout on scarce GPUs the new pod has no room until the old one has drained: that is no shortage.
  if (cause?.kind === 'homeless' && leaving === 0) {
    if (cause.reason === 'InsufficientGPUs' || cause.reason === 'QuotaExceeded') return 'QuotaReached';
    return ready > 0 ? 'Degraded' : 'Unhealthy';
  }
  if (isRolling) return 'Updating';
  if (ready >= wanted) return 'Healthy';
  if (ready > 0 || leaving > 0) return 'Updating';
  return cause?.reason === 'ImagePulling' ? 'ImagePulling' : 'Initializing';
}

const waitingWords: Partial<Record<Reason, string>> = {
  Starting: 'PodStart',
  ImagePulling: 'ImagePull',
  ModelLoading: 'ModelLoading',
  InsufficientGPUs: 'GPUs',
  Unschedulable: 'Node',
  VolumeUnavailable: 'Volume',
  QuotaExceeded: 'Quota',
  AdmissionRefused: 'Admission',
  ImagePullFailed: 'Image',
  ContainerConfigError: 'ContainerConfig',
  MountFailed: 'Volume',
  CrashLooping: 'ContainerRestart',
  OutOfMemory: 'ContainerRestart',
  HealthCheckFailing: 'HealthCheck',
  StartupTimedOut: 'HealthCheck',
  StoreUnreachable: 'Store',
  PodFailed: 'NewPod',
  StoreNotConfigured: 'Store',
  ForeignObject: 'FreeName',
  PermissionDenied: 'Permission',
  PolicyViolation: 'CorrectSpec',
  Refused: 'CorrectSpec',
  ApplyFailed: 'APIServer',
};

function waitingForOf(
  { owner, problems, isWaitingForTurn }: StatusInput,
  { cause, leaving, ready, isRolling }: Facts,
): string | undefined {
  const wanted = wantedReplicas(owner);
  const problem = problems[0];
  if (problem !== undefined) return waitingWords[problem.reason];
  if (leaving > 0 && (wanted === 0 || cause?.kind === 'homeless')) return 'Drain';
  if (wanted === 0) return undefined;
  if (cause !== undefined) return waitingWords[cause.reason];
  if (ready >= wanted && !isRolling) return isWaitingForTurn ? 'Turn' : undefined;
  return leaving > 0 ? 'Drain' : 'PodStart';
}
