// Nodes that fall silent: no renewed Lease for the grace period means Ready=Unknown, unreachable taints, pods no longer ready and, when
// their toleration runs out (300 s by default), deleted. Their objects stay Terminating until the node comes back: nobody else knows
// whether the processes are gone.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterClient } from '../client.ts';
import { isNotFound } from '../client.ts';
import { conditionOf, isPodReady, now } from '../conditions.ts';
import type { Recorder } from '../event-recorder.ts';
import type { Condition, Lease, Node, Pod, Taint } from '../objects.ts';
import { nodes as nodeResource, pods as podResource } from '../resources.ts';
import type { WatchCache } from '../watch-cache.ts';
import { tolerates } from './scheduler/filters.ts';

export type NodeMonitor = { readonly periodMs: number; readonly graceMs: number };
export const defaultNodeMonitor: NodeMonitor = { periodMs: 5_000, graceMs: 50_000 };

export type LifecycleParts = {
  readonly client: ClusterClient;
  readonly nodes: WatchCache<Node>;
  readonly leases: WatchCache<Lease>;
  readonly pods: WatchCache<Pod>;
  readonly recorder: Recorder;
  readonly monitor: NodeMonitor;
  readonly onError: (node: string, error: unknown) => void;
};

const unreachable = 'node.kubernetes.io/unreachable';

/** Looks at all nodes once per period; answers how to stop. */
export function monitorNodes(parts: LifecycleParts): () => void {
  // When a renewal was last seen, by this clock: the node's own may be wrong.
  const seen = new Map<string, { renewTime: string; at: number }>();
  const look = async (): Promise<void> => {
    for (const node of parts.nodes.list()) {
      const { name } = node.metadata;
      const renewTime = parts.leases.get(`kube-node-lease/${name}`)?.spec?.renewTime ?? '';
      const known = seen.get(name);
      if (known?.renewTime !== renewTime) seen.set(name, { renewTime, at: performance.now() });
      const isSilent = known?.renewTime === renewTime && performance.now() - known.at > parts.monitor.graceMs;
      await (isSilent ? markSilent(parts, node) : markHeard(parts, node)).catch((error) => parts.onError(name, error));
    }
  };
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await sleep(parts.monitor.periodMs, undefined, { signal: stopping.signal });
      await look();
    }
  };
  loop().catch(() => {});
  return () => stopping.abort();
}

async function markSilent(parts: LifecycleParts, node: Node): Promise<void> {
  const own = parts.pods.list().filter((pod) => pod.spec.nodeName === node.metadata.name);
  if (conditionOf(node, 'Ready')?.status !== 'Unknown') {
    const at = now();
    const conditions = (node.status?.conditions ?? []).map((condition) => ({
      ...condition,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: at,
    }));
    await parts.client.patch(nodeResource, { name: node.metadata.name, subresource: 'status' }, 'merge', {
      status: { conditions },
    });
    const told = { ...node, kind: 'Node', apiVersion: 'v1' };
    parts.recorder.record(told, 'Normal', 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`);
  }
  const taints = node.spec?.taints ?? [];
  if (!taints.some((taint) => taint.key === unreachable)) {
    const added: Taint[] = ['NoSchedule', 'NoExecute'].map((effect) => ({
      key: unreachable,
      effect,
      timeAdded: now(),
    }));
    await writeTaints(parts, node, [...taints, ...added]);
  }
  for (const pod of own.filter(isPodReady)) await markUnready(parts, pod);
  for (const pod of own) await evictWhenDue(parts, node, pod);
}

async function markHeard(parts: LifecycleParts, node: Node): Promise<void> {
  const taints = node.spec?.taints ?? [];
  const rest = taints.filter((taint) => taint.key !== unreachable);
  if (rest.length < taints.length && conditionOf(node, 'Ready')?.status === 'True')
    await writeTaints(parts, node, rest);
}

async function writeTaints(parts: LifecycleParts, node: Node, taints: readonly Taint[]): Promise<void> {
  const { name, resourceVersion } = parts.nodes.get(node.metadata.name)?.metadata ?? node.metadata;
  parts.nodes.observe(
    await parts.client.patch(nodeResource, { name }, 'merge', { metadata: { resourceVersion }, spec: { taints } }),
  );
}

async function markUnready(parts: LifecycleParts, pod: Pod): Promise<void> {
  const at = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, subresource: 'status' };
  const conditions = (pod.status?.conditions ?? []).map(
    (condition): Condition =>
      condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime: now() } : condition,
  );
  await parts.client.patch(podResource, at, 'merge', { status: { conditions } }).catch(ignoreGone);
}

async function evictWhenDue(parts: LifecycleParts, node: Node, pod: Pod): Promise<void> {
  const taint = node.spec?.taints?.find((entry) => entry.key === unreachable && entry.effect === 'NoExecute');
  if (!taint || pod.metadata.deletionTimestamp) return;
  const tolerations = (pod.spec.tolerations ?? []).filter((toleration) => tolerates([toleration], taint));
  if (tolerations.some((toleration) => toleration.tolerationSeconds === undefined)) return;
  const seconds = Math.min(
    ...tolerations.map((toleration) => toleration.tolerationSeconds ?? 0),
    Number.POSITIVE_INFINITY,
  );
  const patienceMs = tolerations.length === 0 ? 0 : seconds * 1_000;
  if (Date.now() < Date.parse(taint.timeAdded ?? '') + patienceMs) return;
  const at = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
  await parts.client.delete(podResource, at, { preconditions: { uid: pod.metadata.uid } }).catch(ignoreGone);
  const told = { ...pod, kind: 'Pod', apiVersion: 'v1' };
  parts.recorder.record(told, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${at.namespace}/${at.name}`);
}

function ignoreGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}
