// What a reconcile is going to do, as a value with words for people: decided before anything is written. Pure.
import { hashOf } from '../api/hash.ts';
import type { KubernetesObject, Pod } from '../api/kubernetes.ts';
import { annotations } from '../api/names.ts';
import { isOursToWrite } from '../cluster/children.ts';
import { desiredChildren } from '../desired/children.ts';
import { type DesiredInput, type DesiredSettings, wantedReplicas } from '../desired/input.ts';
import { podTemplate } from '../desired/pod.ts';
import { violations } from '../policy/rules.ts';
import { explain } from '../policy/violation.ts';
import { isReady, lacksConfiguration } from '../status/pod-state.ts';
import { isUpToDate } from './drift.ts';
import type { GpuFigures } from './gpu-fit.ts';
import type { Observed } from './observe.ts';
import type { Problem } from './outcome.ts';
import { chooseRollout, observedChoice, type RolloutChoice } from './rollout.ts';
import { isLowered } from './scale-down.ts';
import type { Turn, TurnInput } from './turns.ts';
import { withdrawnPods } from './withdrawal.ts';

export interface Plan {
  /** Pods are to be made, or wait, for what they read: the Secret is created unless it is there. */
  readonly needsSecret: boolean;
  readonly rollout: RolloutChoice | undefined;
  readonly apply: readonly { readonly child: KubernetesObject; readonly observed: KubernetesObject | undefined }[];
  readonly remove: readonly KubernetesObject[];
  /** A Deployment that must wait with its new pods is still scaled. */
  readonly scale: { readonly deployment: KubernetesObject; readonly replicas: number } | undefined;
  /** Leaving pods that get no newcomers any more. */
  readonly withdraw: readonly Pod[];
  /** Costs are to be written before the Deployment is applied. */
  readonly lowersReplicas: boolean;
  /** Known before anything is tried. */
  readonly problem: Problem | undefined;
  readonly details: readonly string[];
}

/** What asking for a rollout or a turn needs to know. */
export function changeOf(observed: Observed, settings: DesiredSettings): TurnInput {
  const { owner, deployment, pods } = observed;
  // The template does not depend on how it is rolled out.
  const template = podTemplate({
    ...desiredInput(observed, settings),
    rollout: { strategy: 'Surge', reason: '' },
    hasTurn: false,
  });
  const stamps: Readonly<Record<string, string>> = template.metadata.annotations;
  return { owner, deployment, pods, templateHash: hashOf(template), storeChecksum: stamps[annotations.storeChecksum] };
}

export interface Decided {
  readonly change: TurnInput;
  readonly turn: Turn;
  readonly figures: GpuFigures | undefined;
}

export function planOf(observed: Observed, settings: DesiredSettings, { change, turn, figures }: Decided): Plan {
  const isWaiting = turn === 'waiting' && observed.deployment !== undefined;
  const rollout = isWaiting ? observedChoice(observed.deployment) : chooseRollout(change, figures);
  const found = violations(observed.owner, settings.policy, {
    namespace: settings.namespace,
    secrets: settings.protectedSecrets,
  });
  if (found.length > 0) {
    const problem: Problem = { reason: 'PolicyViolation', message: explain(found), isTransient: false };
    // Whatever else it asks for, it may be scaled down or paused.
    const wanted = wantedReplicas(observed.owner);
    const isFewer = wanted < (observed.deployment?.spec.replicas ?? 0);
    const scale = isFewer ? scaleOf(observed) : undefined;
    return { ...nothing, rollout, problem, scale, lowersReplicas: isLowered(observed.deployment, wanted) };
  }
  if (observed.owner.spec.queue.store === 'redis' && settings.storeUrl === '') {
    return { ...nothing, rollout, problem: withoutStore };
  }
  const wanted = desiredChildren({
    ...desiredInput(observed, settings),
    rollout: rollout ?? { strategy: 'Surge', reason: '' },
    hasTurn: turn === 'taken',
  });
  const apply = wanted
    .filter((child) => !(isWaiting && child.kind === 'Deployment'))
    .map((child) => ({ child, observed: observed.children.find((other) => isSame(child, other)) }))
    .filter(
      ({ child, observed: found }) => found === undefined || !isOursToWrite(found, child) || !isUpToDate(child, found),
    );
  const remove = observed.children.filter(
    (found) => mayRemove(found, observed) && !wanted.some((child) => isSame(child, found)),
  );
  const scale = isWaiting ? scaleOf(observed) : undefined;
  const withdraw = withdrawnPods(observed.pods);
  return {
    needsSecret: (!isWaiting && !knowsSecret(observed.deployment, change)) || observed.pods.some(lacksConfiguration),
    rollout,
    apply,
    remove,
    scale,
    withdraw,
    lowersReplicas: isLowered(observed.deployment, wantedReplicas(observed.owner)),
    problem: undefined,
    details: [
      ...apply.map(
        ({ child, observed: found }) =>
          `${found === undefined ? 'create' : 'change'} ${child.kind} ${child.metadata.name}`,
      ),
      ...(scale === undefined ? [] : [`scale Deployment ${scale.deployment.metadata.name} to ${scale.replicas}`]),
      ...withdraw.map((pod) => `take leaving Pod ${pod.metadata.name} out of the Service`),
      ...remove.map((found) => `delete ${found.kind} ${found.metadata.name}`),
    ],
  };
}

/** The name of the Secret is part of the template. */
const knowsSecret = (deployment: Observed['deployment'], { templateHash }: TurnInput): boolean =>
  deployment?.metadata.annotations?.[annotations.template] === templateHash;

const nothing = {
  needsSecret: false,
  apply: [],
  remove: [],
  scale: undefined,
  withdraw: [],
  lowersReplicas: false,
  details: [],
} as const;

function scaleOf({ deployment, owner }: Observed): Plan['scale'] {
  const replicas = wantedReplicas(owner);
  return deployment === undefined || deployment.spec.replicas === replicas ? undefined : { deployment, replicas };
}

const withoutStore: Problem = {
  reason: 'StoreNotConfigured',
  message:
    'spec.queue.store is redis, but the operator has no store (OPERATOR_STORE_URL is empty): install it with one, or set spec.queue.store to embedded',
  isTransient: false,
};

const isSame = (a: KubernetesObject, b: KubernetesObject): boolean =>
  a.kind === b.kind && a.metadata.name === b.metadata.name;

/** Ours by uid, not merely by label, and not on its way out already. */
function mayRemove(found: KubernetesObject, { owner }: Observed): boolean {
  const controller = found.metadata.ownerReferences?.find((reference) => reference.controller);
  return controller?.uid === owner.metadata.uid && found.metadata.deletionTimestamp === undefined;
}

function desiredInput(observed: Observed, settings: DesiredSettings): Omit<DesiredInput, 'rollout' | 'hasTurn'> {
  return {
    owner: observed.owner,
    settings,
    hasReadyPod: observed.pods.some(isReady),
    hasPodMonitorApi: observed.hasPodMonitorApi,
  };
}
