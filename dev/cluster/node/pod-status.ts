// What a pod says about itself: container statuses, conditions, phase. From the records of its containers, in the kubelet's words.
// Pure; sending it is status-writer.ts.
import { conditionOf } from '../conditions.ts';
import type { Condition } from '../objects.ts';
import type { ContainerStatus, Pod, PodStatus } from '../pod.ts';
import { type ContainerRecord, endOf, idOf, isReady, isStarted, lastStateOf, stateOf } from './container.ts';
import { restartPolicyOf } from './plan.ts';

export type PodView = {
  readonly pod: Pod;
  readonly records: readonly ContainerRecord[];
  readonly podIP: string | undefined;
  readonly hostIP: string;
  readonly startTime: string;
  readonly hasNetwork: boolean;
  readonly rejected: { readonly reason: string; readonly message: string } | undefined;
  /** Nothing of the pod will run again. */
  readonly isOver: boolean;
};

export function podStatus(view: PodView, at: string): PodStatus {
  const { pod, podIP, hostIP, startTime } = view;
  if (view.rejected) return { phase: 'Failed', startTime, ...view.rejected, conditions: foreign(pod) };
  const phase = phaseOf(view);
  const own = conditionsOf(view, phase).map((condition) => since(pod, condition, at));
  const inits = view.records.filter((record) => record.role !== 'main').map(containerStatus);
  return {
    phase,
    startTime,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    conditions: [...own, ...foreign(pod)],
    ...(inits.length > 0 ? { initContainerStatuses: inits } : {}),
    containerStatuses: view.records.filter((record) => record.role === 'main').map(containerStatus),
  };
}

function containerStatus(record: ContainerRecord): ContainerStatus {
  const { name, image } = record.spec;
  return {
    name,
    image,
    imageID: record.runs > 0 ? `loopback://${image}` : '',
    ready: isReady(record),
    started: record.role === 'init' ? record.process !== undefined && !endOf(record) : isStarted(record),
    restartCount: Math.max(0, record.runs - 1),
    ...(record.runs > 0 ? { containerID: idOf(record) } : {}),
    state: stateOf(record),
    lastState: lastStateOf(record),
  };
}

function phaseOf({ pod, records, isOver }: PodView): string {
  const mains = records.filter((record) => record.role === 'main');
  const failedInit = records.some((record) => record.role === 'init' && (endOf(record)?.exitCode ?? 0) !== 0);
  if (isOver) {
    const isGood = !failedInit && mains.every((record) => endOf(record)?.exitCode === 0);
    return isGood ? 'Succeeded' : 'Failed';
  }
  if (failedInit && restartPolicyOf(pod) === 'Never') return 'Failed';
  // Running as soon as a main container has run once, also while it waits for its restart.
  return mains.every((record) => record.runs > 0) ? 'Running' : 'Pending';
}

const kubeletConditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'];
const foreign = (pod: Pod): readonly Condition[] =>
  (pod.status?.conditions ?? []).filter((condition) => !kubeletConditions.includes(condition.type));

function conditionsOf(view: PodView, phase: string): Condition[] {
  const { pod, records } = view;
  const pendingInits = records.filter(
    (record) => (record.role === 'init' && !isReady(record)) || (record.role === 'sidecar' && !isStarted(record)),
  );
  const hasRun = records.some((record) => record.role === 'main' && record.runs > 0);
  const isInitialised = hasRun || pendingInits.length === 0;
  const names = (list: readonly ContainerRecord[]): string => `[${list.map((record) => record.spec.name).join(' ')}]`;
  const initialised: Condition = isInitialised
    ? { type: 'Initialized', status: 'True', ...(phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}) }
    : {
        type: 'Initialized',
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: `containers with incomplete status: ${names(pendingInits)}`,
      };
  const ready = readiness(view, phase, isInitialised, names);
  const generation = pod.metadata.generation;
  const network: Condition = { type: 'PodReadyToStartContainers', status: view.hasNetwork ? 'True' : 'False' };
  return [network, initialised, { type: 'Ready', ...ready }, { type: 'ContainersReady', ...ready }].map(
    (condition) => ({
      ...condition,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    }),
  );
}

function readiness(
  view: PodView,
  phase: string,
  isInitialised: boolean,
  names: (list: readonly ContainerRecord[]) => string,
) {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  // Native sidecars count: a pod whose sidecar is not ready is not ready.
  const unready = view.records.filter((record) => record.role !== 'init' && !isReady(record));
  if (unready.length === 0 && isInitialised) return { status: 'True' };
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: ${names(unready)}`,
  };
}

function since(pod: Pod, condition: Condition, at: string): Condition {
  const known = conditionOf(pod, condition.type);
  const lastTransitionTime = known?.status === condition.status ? (known.lastTransitionTime ?? at) : at;
  return { ...condition, lastProbeTime: null, lastTransitionTime };
}
