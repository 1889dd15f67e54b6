// Why a node cannot take a pod, in the real scheduler's words, plugin by plugin in its order (the first plugin that objects speaks).
// Pure. Choosing among the nodes that can, and the sentence over all of them, is choice.ts.
import type { Node, SelectorRequirement, Taint, Toleration } from '../../objects.ts';
import type { NodeSelectorTerm, Pod, PodAffinityTerm } from '../../pod.ts';
import { podRequests, quantity } from '../../quantity.ts';
import { matches, meets } from '../../selector.ts';

/** `hopeless`: not even evicting other pods would help (UnschedulableAndUnresolvable). */
export type Objection = { readonly reasons: readonly string[]; readonly hopeless: boolean };
export type Placed = { readonly node: Node; readonly pods: readonly Pod[] };

type Filter = (pod: Pod, place: Placed, all: readonly Placed[]) => Objection | undefined;

export function objection(pod: Pod, place: Placed, all: readonly Placed[]): Objection | undefined {
  for (const filter of filters) {
    const found = filter(pod, place, all);
    if (found) return found;
  }
  return undefined;
}

const hopeless = (reason: string): Objection => ({ reasons: [reason], hopeless: true });

const unschedulable: Filter = (pod, { node }) => {
  if (!node.spec?.unschedulable) return undefined;
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  return tolerates(pod.spec.tolerations, cordon) ? undefined : hopeless('node(s) were unschedulable');
};

const taints: Filter = (pod, { node }) => {
  const blocking = (node.spec?.taints ?? []).find(
    (taint) => taint.effect !== 'PreferNoSchedule' && !tolerates(pod.spec.tolerations, taint),
  );
  return blocking && hopeless('node(s) had untolerated taint(s)');
};

const affinity: Filter = (pod, { node }) => {
  const wants = pod.spec.nodeSelector ?? {};
  const fits = Object.entries(wants).every(([key, value]) => node.metadata.labels?.[key] === value);
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const chosen = terms === undefined || terms.some((term) => meetsTerm(term, node));
  return fits && chosen ? undefined : hopeless("node(s) didn't match Pod's node affinity/selector");
};

const resources: Filter = (pod, { node, pods }) => {
  const allocatable = node.status?.allocatable ?? {};
  const reasons: string[] = [];
  let never = false;
  if (pods.length + 1 > quantity(allocatable.pods ?? 110)) reasons.push('Too many pods');
  for (const [resource, amount] of Object.entries(podRequests(pod))) {
    if (amount === 0) continue;
    const total = quantity(allocatable[resource]);
    const used = pods.reduce((sum, other) => sum + (podRequests(other)[resource] ?? 0), 0);
    if (amount <= total - used) continue;
    reasons.push(`Insufficient ${resource}`);
    if (amount > total) never = true;
  }
  return reasons.length > 0 ? { reasons, hopeless: never } : undefined;
};

const spread: Filter = (pod, place, all) => {
  for (const rule of pod.spec.topologySpreadConstraints ?? []) {
    if (rule.whenUnsatisfiable !== 'DoNotSchedule') continue;
    const domain = place.node.metadata.labels?.[rule.topologyKey];
    if (domain === undefined)
      return hopeless("node(s) didn't match pod topology spread constraints (missing required label)");
    const counts = new Map<string, number>();
    for (const other of all) {
      const key = other.node.metadata.labels?.[rule.topologyKey];
      if (key === undefined || affinity(pod, other, all)) continue;
      const alike = other.pods.filter(
        (known) => isAlike(pod, known) && matches(rule.labelSelector, known.metadata.labels),
      );
      counts.set(key, (counts.get(key) ?? 0) + alike.length);
    }
    const own = matches(rule.labelSelector, pod.metadata.labels) ? 1 : 0;
    const least = Math.min(...counts.values());
    if ((counts.get(domain) ?? 0) + own - least > rule.maxSkew) {
      return { reasons: ["node(s) didn't match pod topology spread constraints"], hopeless: false };
    }
  }
  return undefined;
};

const neighbours: Filter = (pod, place, all) => {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const wanted = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (wanted.some((term) => !isNear(pod, term, place, all) && !isFirstOfItsKind(pod, term, all))) {
    return hopeless("node(s) didn't match pod affinity rules");
  }
  const shunned = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (shunned.some((term) => isNear(pod, term, place, all))) {
    return { reasons: ["node(s) didn't match pod anti-affinity rules"], hopeless: false };
  }
  return isShunned(pod, place, all)
    ? { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], hopeless: false }
    : undefined;
};

const filters: readonly Filter[] = [unschedulable, taints, affinity, resources, spread, neighbours];

export function tolerates(tolerations: readonly Toleration[] | undefined, taint: Taint): boolean {
  return (tolerations ?? []).some((toleration) => {
    if (toleration.effect && toleration.effect !== taint.effect) return false;
    if (toleration.key && toleration.key !== taint.key) return false;
    if (toleration.operator === 'Exists') return true;
    return toleration.key !== undefined && (toleration.value ?? '') === (taint.value ?? '');
  });
}

/** A term without any requirement matches no node. */
export function meetsTerm(term: NodeSelectorTerm, node: Node): boolean {
  const byLabel: readonly SelectorRequirement[] = term.matchExpressions ?? [];
  const byField: readonly SelectorRequirement[] = term.matchFields ?? [];
  if (byLabel.length + byField.length === 0) return false;
  const fields = { 'metadata.name': node.metadata.name };
  return (
    byLabel.every((rule) => meets(rule, node.metadata.labels ?? {})) && byField.every((rule) => meets(rule, fields))
  );
}

const isAlike = (pod: Pod, other: Pod): boolean =>
  pod.metadata.namespace === other.metadata.namespace && !other.metadata.deletionTimestamp;

function isTarget(from: Pod, term: PodAffinityTerm, other: Pod): boolean {
  const namespaces = term.namespaces?.length ? term.namespaces : [from.metadata.namespace];
  return namespaces.includes(other.metadata.namespace ?? '') && matches(term.labelSelector, other.metadata.labels);
}

function isNear(pod: Pod, term: PodAffinityTerm, place: Placed, all: readonly Placed[]): boolean {
  const domain = place.node.metadata.labels?.[term.topologyKey];
  if (domain === undefined) return false;
  const near = all.filter((other) => other.node.metadata.labels?.[term.topologyKey] === domain);
  return near.some((other) => other.pods.some((known) => isTarget(pod, term, known)));
}

/** The first pod of a group that wants to be near itself may go anywhere. */
function isFirstOfItsKind(pod: Pod, term: PodAffinityTerm, all: readonly Placed[]): boolean {
  return isTarget(pod, term, pod) && !all.some((place) => place.pods.some((known) => isTarget(pod, term, known)));
}

function isShunned(pod: Pod, place: Placed, all: readonly Placed[]): boolean {
  return all.some((other) =>
    other.pods.some((known) =>
      (known.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some((term) => {
        const domain = other.node.metadata.labels?.[term.topologyKey];
        return (
          domain !== undefined &&
          domain === place.node.metadata.labels?.[term.topologyKey] &&
          isTarget(known, term, pod)
        );
      }),
    ),
  );
}
