// The scheduler's loop: takes pods without a node one at a time, decides (choice.ts), binds or tells why not. A pod that fits nowhere
// waits for something to change (a node, a pod that leaves), with the real scheduler's backoff; it is not retried in a circle.
import type { ClusterClient } from '../../client.ts';
import { isConflict, isNotFound } from '../../client.ts';
import { conditionOf, isPodFinished, now } from '../../conditions.ts';
import type { Recorder } from '../../event-recorder.ts';
import type { Outcome } from '../../key-queue.ts';
import { KeyQueue } from '../../key-queue.ts';
import type { Condition, Node, PersistentVolumeClaim, Pod } from '../../objects.ts';
import { pods as podResource } from '../../resources.ts';
import { keyOf, type WatchCache } from '../../watch-cache.ts';
import { decide } from './choice.ts';
import type { Placed } from './filters.ts';

export type SchedulerParts = {
  readonly client: ClusterClient;
  readonly pods: WatchCache<Pod>;
  readonly nodes: WatchCache<Node>;
  readonly claims: WatchCache<PersistentVolumeClaim>;
  readonly recorder: Recorder;
  readonly backoffMs: { readonly initial: number; readonly max: number };
  readonly onError: (key: string, error: unknown) => void;
};

type Waiting = { attempts: number; triedAt: number };

export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #queue: KeyQueue;
  readonly #waiting = new Map<string, Waiting>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#queue = new KeyQueue((key) => this.#inTurn(key), parts.onError);
    parts.pods.onChange((pod, before) => this.#podChanged(pod, before));
    parts.claims.onChange((claim, before) => {
      if (claim?.status?.phase !== before?.status?.phase) this.#wakeAll();
    });
    parts.nodes.onChange((node, before) => {
      if (
        JSON.stringify([node?.spec, node?.metadata.labels, node?.status?.allocatable]) !==
        JSON.stringify([before?.spec, before?.metadata.labels, before?.status?.allocatable])
      )
        this.#wakeAll();
    });
  }

  stop(): void {
    this.#queue.stop();
  }

  #podChanged(pod: Pod | undefined, before: Pod | undefined): void {
    const known = (pod ?? before) as Pod;
    if (pod && isPending(pod)) {
      if (!this.#waiting.has(keyOf(pod)) || pod.metadata.uid !== before?.metadata.uid) this.#queue.add(keyOf(pod));
    } else this.#waiting.delete(keyOf(known));
    const leftItsNode = before?.spec.nodeName && (!pod || (isPodFinished(pod) && !isPodFinished(before)));
    if (leftItsNode) this.#wakeAll();
  }

  #wakeAll(): void {
    for (const [key, waiting] of this.#waiting) {
      const { initial, max } = this.#parts.backoffMs;
      const backoffMs = Math.min(initial * 2 ** (waiting.attempts - 1), max);
      this.#queue.addAfter(key, Math.max(0, waiting.triedAt + backoffMs - Date.now()));
    }
  }

  /** One pod after the other: two decided at once would both count the same free GPU. */
  #inTurn(key: string): Promise<Outcome> {
    const mine = this.#turn.then(() => this.#schedule(key));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #schedule(key: string): Promise<Outcome> {
    const pod = this.#parts.pods.get(key);
    if (!pod || !isPending(pod)) return undefined;
    const claims = this.#parts.claims.list().filter((claim) => claim.metadata.namespace === pod.metadata.namespace);
    const decision = decide(pod, this.#places(), claims);
    if ('node' in decision) await this.#bind(pod, decision.node);
    else await this.#tellUnschedulable(pod, decision.unschedulable);
    return undefined;
  }

  #places(): Placed[] {
    const byNode = new Map<string, Pod[]>();
    for (const pod of this.#parts.pods.list()) {
      const node = pod.spec.nodeName;
      if (!node || isPodFinished(pod)) continue;
      byNode.set(node, [...(byNode.get(node) ?? []), pod]);
    }
    return this.#parts.nodes.list().map((node) => ({ node, pods: byNode.get(node.metadata.name) ?? [] }));
  }

  async #bind(pod: Pod, node: string): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    try {
      await this.#parts.client.create(
        podResource,
        { namespace, name, subresource: 'binding' },
        {
          kind: 'Binding',
          apiVersion: 'v1',
          metadata: { name, namespace, uid },
          target: { kind: 'Node', apiVersion: 'v1', name: node },
        },
      );
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return;
      throw error;
    }
    this.#waiting.delete(keyOf(pod));
    // Until the watch tells, the pod counts as bound, so that the next decision does not give its GPUs away again.
    const bound = await this.#parts.client.get(podResource, { namespace, name }).catch(() => undefined);
    if (bound) this.#parts.pods.observe(bound);
    this.#parts.recorder.record(
      named(pod),
      'Normal',
      'Scheduled',
      `Successfully assigned ${namespace}/${name} to ${node}`,
    );
  }

  async #tellUnschedulable(pod: Pod, message: string): Promise<void> {
    const waiting = this.#waiting.get(keyOf(pod)) ?? { attempts: 0, triedAt: 0 };
    this.#waiting.set(keyOf(pod), { attempts: waiting.attempts + 1, triedAt: Date.now() });
    this.#parts.recorder.record(named(pod), 'Warning', 'FailedScheduling', message);
    const known = conditionOf(pod, 'PodScheduled');
    if (known?.status === 'False' && known.reason === 'Unschedulable' && known.message === message) return;
    const generation = pod.metadata.generation;
    const condition: Condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastProbeTime: null,
      lastTransitionTime: known?.status === 'False' ? (known.lastTransitionTime ?? now()) : now(),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
    const others = (pod.status?.conditions ?? []).filter((entry) => entry.type !== 'PodScheduled');
    const at = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, subresource: 'status' };
    try {
      const status = { conditions: [...others, condition] };
      this.#parts.pods.observe(
        await this.#parts.client.patch(podResource, at, 'merge', { metadata: { uid: pod.metadata.uid }, status }),
      );
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

const isPending = (pod: Pod): boolean =>
  !pod.spec.nodeName &&
  !pod.metadata.deletionTimestamp &&
  !isPodFinished(pod) &&
  (pod.spec.schedulingGates ?? []).length === 0 &&
  (pod.spec.schedulerName ?? 'default-scheduler') === 'default-scheduler';

const named = (pod: Pod): Pod => ({ ...pod, kind: 'Pod', apiVersion: 'v1' });
