// Which pods a ReplicaSet gives up first when it has too many: the real controller's order (ActivePodsWithRanks). Pure.
import { conditionOf, isPodReady } from '../../conditions.ts';
import type { Pod } from '../../pod.ts';

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const phaseOrder: { readonly [phase: string]: number } = { Pending: 0, Unknown: 1, Running: 2 };

/** `related`: the active pods of all ReplicaSets of the same owner; a node that holds more of them loses one first. */
export function victims(own: readonly Pod[], related: readonly Pod[], count: number, nowMs: number): readonly Pod[] {
  const perNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec.nodeName ?? '';
    if (node) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const rank = (pod: Pod): number => perNode.get(pod.spec.nodeName ?? '') ?? 0;
  const order = (a: Pod, b: Pod): number =>
    compare(a, b, (pod) => (pod.spec.nodeName ? 1 : 0)) ||
    compare(a, b, (pod) => phaseOrder[pod.status?.phase ?? 'Pending'] ?? 1) ||
    compare(a, b, (pod) => (isPodReady(pod) ? 1 : 0)) ||
    compare(a, b, costOf) ||
    compare(a, b, (pod) => -rank(pod)) ||
    compare(a, b, (pod) => ageBucket(isPodReady(pod) ? conditionOf(pod, 'Ready')?.lastTransitionTime : null, nowMs)) ||
    compare(a, b, (pod) => -restarts(pod)) ||
    compare(a, b, (pod) => ageBucket(pod.metadata.creationTimestamp, nowMs)) ||
    (a.metadata.uid < b.metadata.uid ? -1 : 1);
  return [...own].sort(order).slice(0, count);
}

const compare = (a: Pod, b: Pod, by: (pod: Pod) => number): number => by(a) - by(b);

/** A cost that is not an integer counts as 0, as with the real controller. */
function costOf(pod: Pod): number {
  const text = pod.metadata.annotations?.[deletionCost] ?? '0';
  return /^(0|-?[1-9][0-9]*|\+[1-9][0-9]*)$/.test(text) ? Number(text) : 0;
}

const restarts = (pod: Pod): number =>
  Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount));

/** Ages compare by order of magnitude (LogarithmicScaleDown), so that the newest is not always the one to go. */
function ageBucket(time: string | null | undefined, nowMs: number): number {
  const ageMs = nowMs - Date.parse(time ?? '');
  return ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1;
}
