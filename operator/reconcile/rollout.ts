// How a change replaces pods: start the new one first (surge, needs free GPUs) or take one down first. Pure; the reason is
// part of the answer. A choice is made when the pod template changes and kept until the rollout is over, unless a surge pod
// finds that somebody else took its GPUs: a rollout never waits for ever.
import type { InferenceDeployment } from '../api/inference-deployment.ts';
import type { Deployment, Pod } from '../api/kubernetes.ts';
import { annotations } from '../api/names.ts';
import { type RolloutStrategy, wantedReplicas } from '../desired/input.ts';
import { schedulingRefusal } from '../status/pod-state.ts';
import type { GpuFigures } from './gpu-fit.ts';

export interface RolloutChoice {
  readonly strategy: RolloutStrategy;
  readonly reason: string;
}

export interface RolloutInput {
  readonly owner: InferenceDeployment;
  readonly deployment: Deployment | undefined;
  readonly pods: readonly Pod[];
  /** Hash of the template that would be applied. */
  readonly templateHash: string;
}

const choice = (strategy: RolloutStrategy, reason: string): RolloutChoice => ({ strategy, reason });

/** Only then is it worth asking nodes and pods of the whole cluster. */
export function asksForGpuFigures(input: RolloutInput): boolean {
  return fixedChoice(input) === undefined && keptChoice(input) === undefined;
}

/** `figures` is undefined where nodes or pods of other namespaces cannot be seen. */
export function chooseRollout(input: RolloutInput, figures: GpuFigures | undefined): RolloutChoice {
  return fixedChoice(input) ?? keptChoice(input) ?? byFigures(input.owner, figures);
}

function fixedChoice({ owner }: RolloutInput): RolloutChoice | undefined {
  const { rollout, gpu, queue } = owner.spec;
  if (queue.persistence !== undefined)
    return choice('Recreate', 'the volume of the embedded store is mounted by one pod at a time');
  if (rollout !== 'Auto') return choice(rollout, `spec.rollout is ${rollout}`);
  if (gpu.count === 0) return choice('Surge', 'a new pod needs no GPU');
  return undefined;
}

function keptChoice(input: RolloutInput): RolloutChoice | undefined {
  const { deployment, owner, pods, templateHash } = input;
  if (deployment === undefined) return choice('Surge', 'there was nothing to replace');
  const observed = observedChoice(deployment);
  const isNewChange = deployment.metadata.annotations?.[annotations.template] !== templateHash;
  if (isNewChange) return wantedReplicas(owner) === 0 ? choice('Surge', 'there was nothing to replace') : undefined;
  if (observed?.strategy !== 'Surge' || !isRollingOut(deployment)) return observed;
  const refusal = pods.map(schedulingRefusal).find((words) => words !== undefined);
  return refusal === undefined ? observed : choice('Recreate', `a surge pod found no node: ${refusal}`);
}

export function observedChoice(deployment: Deployment | undefined): RolloutChoice | undefined {
  const reason = deployment?.metadata.annotations?.[annotations.rolloutReason];
  if (deployment === undefined || reason === undefined) return undefined;
  const surge = deployment.spec.strategy?.rollingUpdate?.maxSurge;
  return choice(deployment.spec.strategy?.type === 'Recreate' || surge === 0 ? 'Recreate' : 'Surge', reason);
}

/**
 * Pods of an older template are still there, or new ones are not ready yet. The Deployment's own controller says so until its
 * rollout is complete; counts alone would call it over while the one new pod loads. A first revision replaces nothing.
 */
export function isRollingOut({ status, metadata }: Deployment): boolean {
  const revision = Number(metadata.annotations?.[REVISION] ?? 1);
  const progress = status?.conditions?.find(({ type }) => type === 'Progressing');
  return revision > 1 && progress?.reason !== 'NewReplicaSetAvailable';
}
export const REVISION = 'deployment.kubernetes.io/revision';

function byFigures(owner: InferenceDeployment, figures: GpuFigures | undefined): RolloutChoice {
  const { count, resource, products = [] } = owner.spec.gpu;
  const need = `${count} free ${resource}`;
  const which = products.length === 0 ? '' : ` with ${products.join(' or ')}`;
  if (figures === undefined) {
    return choice(
      'Recreate',
      'the operator may not see the nodes or pods of the cluster, so free GPUs are not counted on',
    );
  }
  if (figures.nodesWithRoom > 0) {
    return choice(
      'Surge',
      `${figures.nodesWithRoom} of ${figures.matchingNodes} matching nodes${which} have ${need} for a new pod`,
    );
  }
  return choice(
    'Recreate',
    `none of ${figures.matchingNodes} matching nodes${which} has ${need} for a new pod (most free: ${figures.mostFree}), so one pod goes first; accepted requests wait`,
  );
}
