// A Deployment's ReplicaSets: which is the current one, what its revision and annotations are, how a new one is made, which old
// ones are forgotten. Pure; kubectl rollout history and undo read what is written here.
import { ownerReference } from '../../conditions.ts';
import type { Deployment, Labels, ReplicaSet } from '../../objects.ts';
import { byAge, maxSurge, sizeOf, wanted } from './rolling.ts';
import { hashLabel, isSameTemplate, templateHash } from './template-hash.ts';

const prefix = 'deployment.kubernetes.io';
export const revisionAnnotation = `${prefix}/revision`;
const historyAnnotation = `${prefix}/revision-history`;
const desiredAnnotation = `${prefix}/desired-replicas`;
const maxAnnotation = `${prefix}/max-replicas`;
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
]);

/** The oldest with the same template: after a collision there may be two, and all controllers must pick the same. */
export function currentSet(deployment: Deployment, all: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...all].sort(byAge).find((set) => isSameTemplate(set.spec.template, deployment.spec.template));
}

export const revisionOf = (set: ReplicaSet): number => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);

export function nextRevision(old: readonly ReplicaSet[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1;
}

export function desiredReplicasOf(set: ReplicaSet): number | undefined {
  const text = set.metadata.annotations?.[desiredAnnotation];
  return text === undefined ? undefined : Number(text);
}

export const maxReplicasOf =
  (deployment: Deployment) =>
  (set: ReplicaSet): number =>
    Number(set.metadata.annotations?.[maxAnnotation] ?? 0) || deployment.status?.replicas || 1;

export function replicaAnnotations(deployment: Deployment): Labels {
  return {
    [desiredAnnotation]: String(wanted(deployment)),
    [maxAnnotation]: String(wanted(deployment) + maxSurge(deployment)),
  };
}

/** The annotations the current ReplicaSet should have: the Deployment's own, the revision, the sizes. */
export function annotationsFor(deployment: Deployment, known: Labels, revision: number): Labels {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !notCopied.has(key));
  const before = Number(known[revisionAnnotation] ?? 0);
  const history: Labels =
    before > 0 && before < revision
      ? { [historyAnnotation]: [known[historyAnnotation], before].filter(Boolean).join(',') }
      : {};
  return {
    ...known,
    ...Object.fromEntries(copied),
    ...history,
    [revisionAnnotation]: String(Math.max(before, revision)),
    ...replicaAnnotations(deployment),
  };
}

export function newReplicaSet(deployment: Deployment, revision: number, replicas: number): object {
  const hash = templateHash(deployment.spec.template, deployment.status?.collisionCount);
  const { template, selector, minReadySeconds } = deployment.spec;
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  return {
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: annotationsFor(deployment, {}, revision),
      ownerReferences: [ownerReference(deployment, 'Deployment', 'apps/v1')],
    },
    spec: {
      replicas,
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** Old ReplicaSets beyond revisionHistoryLimit, the oldest first; one that still has pods is kept. */
export function forgettable(deployment: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit ?? 10;
  const surplus = [...old]
    .filter((set) => !set.metadata.deletionTimestamp)
    .sort((a, b) => revisionOf(a) - revisionOf(b));
  return surplus.slice(0, Math.max(0, surplus.length - limit)).filter((set) => {
    const isIdle = sizeOf(set) === 0 && (set.status?.replicas ?? 0) === 0;
    return isIdle && (set.status?.observedGeneration ?? 0) >= (set.metadata.generation ?? 0);
  });
}
