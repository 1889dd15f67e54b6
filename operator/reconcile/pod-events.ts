// What only a pod's events tell: why the node cannot make it, and that a probe killed its model. Asked for where a pod is in trouble, and
// never of more than a few: they tell what the others would.
import type { ContainerStatus, Event, Pod } from '../api/kubernetes.ts';
import { containerNames } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import type { KubernetesClient } from '../cluster/client.ts';
import type { ProbeKill } from '../status/container-end.ts';
import { isBeingMade, isLiving, isReady } from '../status/pod-state.ts';

/** A pod that takes this long to be made may have something to say about it. */
export const HANGING_MS = 20_000;
const MOST_PODS = 3;

/** Anyone in the namespace can write events about a pod, as large as the API server takes them. */
const MOST_EVENTS = { items: 100, bytes: 1 << 20 };

/** Volumes and the pod's network; images and the scheduler speak through the pod's own status. */
const keepsPodsFromBeingMade = /^Failed(Mount|AttachVolume|MapVolume|CreatePodSandBox)$|^NetworkNotReady$/;

/** What keeps a pod from being made, in the node's words, by uid. */
export async function readTroubles(
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
  for (const pod of hanging.slice(0, MOST_PODS)) {
    const items = await eventsOf(client, pod, 'type=Warning');
    const last = items.filter((event) => keepsPodsFromBeingMade.test(event.reason ?? '')).at(-1);
    if (last?.message) troubles.set(pod.metadata.uid ?? '', last.message);
  }
  return troubles;
}

/** The probe that killed the last run of a model that has not been ready since, by uid of its pod. */
export async function readProbeKills(
  client: KubernetesClient,
  pods: readonly Pod[],
): Promise<ReadonlyMap<string, ProbeKill>> {
  const kills = new Map<string, ProbeKill>();
  const unready = pods.filter((pod) => isLiving(pod) && !isReady(pod) && endOfModel(pod) !== undefined);
  for (const pod of unready.slice(0, MOST_PODS)) {
    const endedMs = Date.parse(endOfModel(pod)?.finishedAt ?? '');
    const items = await eventsOf(client, pod, 'reason=Killing');
    const kill = items.flatMap((event) => killOf(event, endedMs))[0];
    if (kill !== undefined) kills.set(pod.metadata.uid ?? '', kill);
  }
  return kills;
}

const model = (pod: Pod): ContainerStatus | undefined =>
  pod.status?.containerStatuses?.find(({ name }) => name === containerNames.model);
const endOfModel = (pod: Pod) => model(pod)?.state?.terminated ?? model(pod)?.lastState?.terminated;

/** From the event to the end: the grace period after a probe, and what clocks differ by in whole seconds. */
const LONGEST_END_MS = 60_000;
const WHOLE_SECOND_MS = 1_000;

/** An older kill may have been followed by an end of another kind: the times decide. */
function killOf({ message = '', lastTimestamp }: Event, endedMs: number): readonly ProbeKill[] {
  const probe = /^Container model failed (startup|liveness) probe\b/.exec(message)?.[1];
  const tookMs = endedMs - Date.parse(lastTimestamp ?? '');
  const isOfThisEnd = tookMs >= -WHOLE_SECOND_MS && tookMs <= LONGEST_END_MS;
  return probe !== undefined && isOfThisEnd ? [probe as ProbeKill] : [];
}

/** None where they cannot be read: status says less then. */
async function eventsOf(client: KubernetesClient, pod: Pod, which: string): Promise<readonly Event[]> {
  const { uid = '', namespace } = pod.metadata;
  const query = { fieldSelector: `involvedObject.uid=${uid},${which}` };
  const { items } = await client
    .list<Event>({ resource: resources.events, namespace, query }, undefined, MOST_EVENTS)
    .catch(() => ({ items: [] }));
  return items;
}
