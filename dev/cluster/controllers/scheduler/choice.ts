// The decision about one pod: a node, or the sentence that says why none (the real scheduler's words, which people and tools read).
// Pure.
import { controllerOf } from '../../conditions.ts';
import type { PersistentVolumeClaim } from '../../objects.ts';
import type { Pod } from '../../pod.ts';
import { podRequests, quantity } from '../../quantity.ts';
import { meetsTerm, type Objection, objection, type Placed, tolerates } from './filters.ts';

export type Decision = { readonly node: string } | { readonly unschedulable: string };

/** `claims`: those of the pod's namespace. */
export function decide(pod: Pod, places: readonly Placed[], claims: readonly PersistentVolumeClaim[] = []): Decision {
  if (places.length === 0) return { unschedulable: 'no nodes available to schedule pods' };
  const claimed = claimObjection(pod, places, claims);
  if (claimed) return { unschedulable: claimed };
  const judged = places.map((place) => ({ place, objection: objection(pod, place, places) }));
  const fitting = judged.filter((entry) => !entry.objection).map((entry) => entry.place);
  const best = [...fitting].sort(
    (a, b) => score(pod, b) - score(pod, a) || a.node.metadata.name.localeCompare(b.node.metadata.name),
  )[0];
  if (best) return { node: best.node.metadata.name };
  return { unschedulable: explain(judged.map((entry) => entry.objection as Objection)) };
}

/** `0/2 nodes are available: 2 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: ...` (1.34 and later). */
export function explain(objections: readonly Objection[]): string {
  const nodes = `0/${objections.length} nodes are available`;
  const hopelessCount = objections.filter((entry) => entry.hopeless).length;
  const preemption = tally([
    ...Array<string>(hopelessCount).fill('Preemption is not helpful for scheduling'),
    ...Array<string>(objections.length - hopelessCount).fill('No preemption victims found for incoming pod'),
  ]);
  const reasons = tally(objections.flatMap((entry) => entry.reasons));
  return `${nodes}: ${reasons}. no new claims to deallocate, preemption: ${nodes}: ${preemption}.`;
}

/** Claims speak for all nodes at once: one that is missing or unbound, or one that only a single pod may use (ReadWriteOncePod). */
function claimObjection(
  pod: Pod,
  places: readonly Placed[],
  claims: readonly PersistentVolumeClaim[],
): string | undefined {
  const nodes = `0/${places.length} nodes are available`;
  const hopeless = (reason: string): string =>
    `${nodes}: ${reason}. no new claims to deallocate, preemption: ${nodes}: ${places.length} Preemption is not helpful for scheduling.`;
  for (const name of claimsOf(pod)) {
    const claim = claims.find((entry) => entry.metadata.name === name);
    if (!claim) return hopeless(`persistentvolumeclaim "${name}" not found`);
    if (claim.metadata.deletionTimestamp) return hopeless(`persistentvolumeclaim "${name}" is being deleted`);
    if (claim.status?.phase !== 'Bound') return hopeless('pod has unbound immediate PersistentVolumeClaims');
    if (!claim.spec?.accessModes?.includes('ReadWriteOncePod')) continue;
    const users = places
      .flatMap((place) => place.pods)
      .filter((other) => other.metadata.namespace === pod.metadata.namespace);
    if (!users.some((other) => claimsOf(other).includes(name))) continue;
    const reasons = ['node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'];
    return explain(places.map(() => ({ reasons, hopeless: false })));
  }
  return undefined;
}

const claimsOf = (pod: Pod): string[] =>
  (pod.spec.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);

function tally(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}

/** Preferences first, then away from siblings, then where most cpu and memory is left. */
function score(pod: Pod, { node, pods }: Placed): number {
  const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const liked = preferred.reduce((sum, term) => sum + (meetsTerm(term.preference, node) ? term.weight : 0), 0);
  const avoided = (node.spec?.taints ?? []).filter(
    (taint) => taint.effect === 'PreferNoSchedule' && !tolerates(pod.spec.tolerations, taint),
  ).length;
  const owner = controllerOf(pod)?.uid;
  const siblings = pods.filter((other) => owner && controllerOf(other)?.uid === owner).length;
  return liked * 10_000 - avoided * 1_000 - siblings * 100 + freeShare({ node, pods });
}

function freeShare({ node, pods }: Placed): number {
  const shares = ['cpu', 'memory'].map((resource) => {
    const total = quantity(node.status?.allocatable?.[resource]);
    const used = pods.reduce((sum, other) => sum + (podRequests(other)[resource] ?? 0), 0);
    return total === 0 ? 0 : (total - used) / total;
  });
  return (shares.reduce((sum, share) => sum + share, 0) / shares.length) * 50 - pods.length / 10;
}
