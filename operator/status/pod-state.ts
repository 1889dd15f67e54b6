// What one pod is doing, in one word and with the words of whoever knows: kubelet, scheduler, sidecar. Pure.
import type { SidecarStats } from '../../sidecar/contract.ts';
import type { InferenceDeploymentSpec } from '../api/inference-deployment.ts';
import type { ContainerStatus, Pod } from '../api/kubernetes.ts';
import { containerNames } from '../api/names.ts';
import { containerTrouble, endOf, type PodReason, type ProbeKill, startupTimedOut, times } from './container-end.ts';

export type PodState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'leaving' }
  /** On its way; nobody has to act. */
  | { readonly kind: 'coming'; readonly reason: PodReason; readonly message: string }
  /** No node takes it. */
  | { readonly kind: 'homeless'; readonly reason: PodReason; readonly message: string }
  | { readonly kind: 'broken'; readonly reason: PodReason; readonly message: string };

export interface PodKnowledge {
  readonly spec: Pick<InferenceDeploymentSpec, 'gpu' | 'nodeSelector' | 'affinity' | 'healthCheck'>;
  readonly stats: SidecarStats | undefined;
  /** From the pod's events, if it hangs. */
  readonly trouble: string | undefined;
  /** From its events too: what killed the last run of its model, if it was a probe. */
  readonly kill: ProbeKill | undefined;
}

export function podState(pod: Pod, knowledge: PodKnowledge): PodState {
  const { spec, trouble, kill } = knowledge;
  if (pod.metadata.deletionTimestamp !== undefined) return { kind: 'leaving' };
  if (isFinished(pod)) {
    const words = [pod.status?.reason, pod.status?.message].filter(Boolean).join(': ');
    return {
      kind: 'broken',
      reason: 'PodFailed',
      message: `pod ${pod.metadata.name} has failed${words && `: ${words}`}`,
    };
  }
  const refusal = schedulingRefusal(pod);
  if (refusal !== undefined) {
    if (refusal.includes(`Insufficient ${spec.gpu.resource}`))
      return { kind: 'homeless', reason: 'InsufficientGPUs', message: refusal };
    if (lacksProduct(refusal, spec)) {
      const message = `no node has spec.gpu.products (${spec.gpu.products?.join(', ')}): ${refusal}`;
      return { kind: 'homeless', reason: 'InsufficientGPUs', message };
    }
    return {
      kind: 'homeless',
      reason: isOfVolume.test(refusal) ? 'VolumeUnavailable' : 'Unschedulable',
      message: refusal,
    };
  }
  const model = statusOf(pod, containerNames.model);
  if (kill === 'startup' && model !== undefined && mayHaveTimedOut(model)) {
    return { kind: 'broken', ...startupTimedOut(model, knowledge) };
  }
  const wrong = statuses(pod).flatMap((status) => containerTrouble(status, status === model ? kill : undefined))[0];
  if (wrong !== undefined) return { kind: 'broken', ...wrong };
  if (isReady(pod)) return { kind: 'ready' };
  if (trouble !== undefined && isBeingMade(pod)) return { kind: 'broken', reason: 'MountFailed', message: trouble };
  return notReadyState(pod, knowledge);
}

/** The scheduler's words for claims that are missing, unbound or taken, and for volumes that lie elsewhere or do not fit. */
const isOfVolume = /persistent ?volume|volume node affinity|volume count|storage ?class|free storage/i;

/** Since that kill it has not started; what keeps a next run from being made says more. */
function mayHaveTimedOut({ started, state }: ContainerStatus): boolean {
  const reason = state?.waiting?.reason;
  return started !== true && (reason === undefined || reason === 'CrashLoopBackOff');
}

/** A container cannot be made for want of a Secret or ConfigMap. */
export const lacksConfiguration = (pod: Pod): boolean =>
  statuses(pod).some(({ state }) => state?.waiting?.reason === 'CreateContainerConfigError');

/** The scheduler names no labels. Where products are the only choice of nodes, a wrong label is a wrong GPU. */
function lacksProduct(refusal: string, { gpu, nodeSelector, affinity }: PodKnowledge['spec']): boolean {
  const choosesByProductOnly = (gpu.products ?? []).length > 0 && nodeSelector === undefined && affinity === undefined;
  return choosesByProductOnly && refusal.includes("didn't match Pod's node affinity");
}

function notReadyState(pod: Pod, { stats, kill }: PodKnowledge): PodState {
  const [sidecar, model] = [statusOf(pod, containerNames.sidecar), statusOf(pod, containerNames.model)];
  if (model?.state?.running === undefined) {
    return sidecar?.started || sidecar?.ready
      ? { kind: 'coming', reason: 'ImagePulling', message: 'the node fetches the model image or makes its container' }
      : { kind: 'coming', reason: 'Starting', message: 'the pod is being made' };
  }
  if (isOnSilentNode(pod)) {
    const message = `node ${pod.spec.nodeName} does not answer; pod ${pod.metadata.name} is replaced when the cluster gives it up (after five minutes, as a rule)`;
    return { kind: 'broken', reason: 'PodFailed', message };
  }
  const lost = storeError(stats === undefined ? [] : [stats]);
  if (lost !== undefined)
    return { kind: 'broken', reason: 'StoreUnreachable', message: `the sidecar cannot reach its store: ${lost}` };
  const answer = stats?.containerAnswer ? ` (${stats.containerAnswer})` : '';
  const again = model.restartCount > 0 ? `, started again after it ended ${times(model)}: ${endOf(model, kill)}` : '';
  if (!model.started) {
    return {
      kind: 'coming',
      reason: 'ModelLoading',
      message: `the container runs and has not answered healthy yet${answer}${again}`,
    };
  }
  const container = stats?.container;
  if (container === 'busy')
    return { kind: 'coming', reason: 'ModelLoading', message: 'the container says that it is busy' };
  if (container === 'unhealthy' || container === 'unreachable') {
    const said = container === 'unhealthy' ? 'answers that it is not healthy' : 'does not answer its health path';
    return { kind: 'broken', reason: 'HealthCheckFailing', message: `the container ${said}${answer}${again}` };
  }
  return { kind: 'coming', reason: 'ModelLoading', message: `the container is not ready${answer}${again}` };
}

/** A pod is ready when its containers are, unless its node's kubelet is not heard any more: then others take the pod's word back. */
const isOnSilentNode = (pod: Pod): boolean => !isReady(pod) && statuses(pod).every(({ ready }) => ready);

/** Figures of pods that stay: one that leaves may know a former address of the store, and nobody waits for it. Where all leave, theirs. */
export function lastingStats(pods: readonly Pod[], stats: ReadonlyMap<string, SidecarStats>): readonly SidecarStats[] {
  const lasting = pods.filter(isLiving).flatMap(({ metadata }) => stats.get(metadata.uid ?? '') ?? []);
  return lasting.length > 0 ? lasting : [...stats.values()];
}

/** What the first sidecar that cannot reach its store says of it; one that is opening it has nothing to say. */
export const storeError = (stats: readonly SidecarStats[]): string | undefined =>
  stats.find(({ store }) => !store.ok && store.error !== null)?.store.error ?? undefined;

/** The scheduler's words, if no node takes the pod. */
export function schedulingRefusal(pod: Pod): string | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || pod.spec.nodeName !== undefined) return undefined;
  const condition = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return condition?.status === 'False' && condition.reason === 'Unschedulable'
    ? (condition.message ?? 'no node takes the pod')
    : undefined;
}

/** It has come to its end; its ReplicaSet makes another in its place. */
export const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
export const isLiving = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined && !isFinished(pod);

export const isReady = (pod: Pod): boolean => isServing(pod) && pod.metadata.deletionTimestamp === undefined;

/** What EndpointSlices call so: a leaving pod that is ready by its probes gets the callers for whom no other is. */
export const isServing = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

/** Its sidecar takes callers, who wait there until the model is ready. */
export const hasLine = (pod: Pod): boolean => statusOf(pod, containerNames.sidecar)?.started === true;

/** On a node, with no container of its own running yet. */
export function isBeingMade(pod: Pod): boolean {
  const isOnNode = pod.spec.nodeName !== undefined && pod.metadata.deletionTimestamp === undefined;
  return (
    isOnNode && pod.status?.phase === 'Pending' && statuses(pod).every((status) => status.state?.running === undefined)
  );
}

const statuses = (pod: Pod): readonly ContainerStatus[] => [
  ...(pod.status?.initContainerStatuses ?? []),
  ...(pod.status?.containerStatuses ?? []),
];
const statusOf = (pod: Pod, name: string): ContainerStatus | undefined =>
  statuses(pod).find((status) => status.name === name);
