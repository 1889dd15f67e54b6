// What a reconcile is going to do, as a value with words for people: decided before anything is written. Pure.
import type { KubernetesObject } from '../api/kubernetes.ts';
import { isOursToWrite } from '../cluster/children.ts';
import { desiredChildren } from '../desired/children.ts';
import { templateHash } from '../desired/deployment.ts';
import { type DesiredInput, type DesiredSettings, wantedReplicas } from '../desired/input.ts';
import { isReady } from '../status/pod-state.ts';
import { isUpToDate } from './drift.ts';
import type { GpuFigures } from './gpu-fit.ts';
import type { Observed } from './observe.ts';
import type { Problem } from './outcome.ts';
import { asksForGpuFigures, chooseRollout, type RolloutChoice, type RolloutInput } from './rollout.ts';
import { isLowered } from './scale-down.ts';

export interface Plan {
  readonly rollout: RolloutChoice;
  readonly apply: readonly { readonly child: KubernetesObject; readonly observed: KubernetesObject | undefined }[];
  readonly remove: readonly KubernetesObject[];
  /** Costs are to be written before the Deployment is applied. */
  readonly lowersReplicas: boolean;
  /** Known before anything is tried. */
  readonly problem: Problem | undefined;
  readonly details: readonly string[];
}

export interface PlanSettings {
  readonly settings: DesiredSettings;
  readonly adminToken: string;
}

export function needsGpuFigures(observed: Observed, how: PlanSettings): boolean {
  return asksForGpuFigures(rolloutInput(observed, how));
}

export function planOf(observed: Observed, how: PlanSettings, figures: GpuFigures | undefined): Plan {
  const rollout = chooseRollout(rolloutInput(observed, how), figures);
  if (observed.owner.spec.queue.store === 'redis' && how.settings.storeUrl === '') {
    return { rollout, apply: [], remove: [], lowersReplicas: false, problem: withoutStore, details: [] };
  }
  const wanted = desiredChildren({ ...desiredInput(observed, how), rollout });
  const apply = wanted
    .map((child) => ({ child, observed: observed.children.find((other) => isSame(child, other)) }))
    .filter(
      ({ child, observed: found }) => found === undefined || !isOursToWrite(found, child) || !isUpToDate(child, found),
    );
  const remove = observed.children.filter(
    (found) => mayRemove(found, observed) && !wanted.some((child) => isSame(child, found)),
  );
  return {
    rollout,
    apply,
    remove,
    lowersReplicas: isLowered(observed.deployment, wantedReplicas(observed.owner)),
    problem: undefined,
    details: [
      ...apply.map(
        ({ child, observed: found }) =>
          `${found === undefined ? 'create' : 'change'} ${child.kind} ${child.metadata.name}`,
      ),
      ...remove.map((found) => `delete ${found.kind} ${found.metadata.name}`),
    ],
  };
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

function desiredInput(observed: Observed, { settings, adminToken }: PlanSettings): Omit<DesiredInput, 'rollout'> {
  return {
    owner: observed.owner,
    settings,
    adminToken,
    hasReadyPod: observed.pods.some(isReady),
    hasPodMonitorApi: observed.hasPodMonitorApi,
  };
}

function rolloutInput(observed: Observed, how: PlanSettings): RolloutInput {
  const { owner, deployment, pods } = observed;
  // The template does not depend on how it is rolled out.
  const undecided = { ...desiredInput(observed, how), rollout: { strategy: 'Surge', reason: '' } } as const;
  return { owner, deployment, pods, templateHash: templateHash(undecided) };
}
