// Whose pods may be replaced now for a change that comes from the operator itself, as a new sidecar image after an upgrade: a few
// deployments at a time, so that a fleet neither loads all its models at once nor breaks at once. A change of spec never waits.
// Who has a turn is written on its Deployment; only turns that are being written are remembered here.
import type { InferenceDeployment } from '../api/inference-deployment.ts';
import type { Deployment } from '../api/kubernetes.ts';
import { annotations, type Key, keyOf } from '../api/names.ts';
import { specHash } from '../desired/deployment.ts';
import { wantedReplicas } from '../desired/input.ts';
import { isReady } from '../status/pod-state.ts';
import { isRollingOut, type RolloutInput } from './rollout.ts';

/** none: nothing to wait for. taken: may go, and counts until it is through. waiting: its pods stay as they are. */
export type Turn = 'none' | 'taken' | 'waiting';

export interface TurnInput extends RolloutInput {
  /** Of the template that would be applied. */
  readonly storeChecksum: string | undefined;
}

export class RolloutTurns {
  readonly #atMost: number;
  readonly #deployments: () => Iterable<Deployment>;
  readonly #taking = new Set<Key>();

  /** `atMost` 0: no limit. */
  constructor(atMost: number, deployments: () => Iterable<Deployment>) {
    this.#atMost = atMost;
    this.#deployments = deployments;
  }

  /** To be followed by `written`, whatever the answer and whether or not the Deployment could be written. */
  ask(key: Key, input: TurnInput): Turn {
    if (!isOwnChange(input)) return keptTurn(input);
    if (this.#atMost > 0 && this.#othersThan(key) >= this.#atMost) return 'waiting';
    this.#taking.add(key);
    return 'taken';
  }

  /** From now on the Deployment tells. */
  written(key: Key): void {
    this.#taking.delete(key);
  }

  #othersThan(key: Key): number {
    const others = new Set(this.#taking);
    for (const deployment of this.#deployments()) if (isTakingItsTurn(deployment)) others.add(keyOf(deployment));
    others.delete(key);
    return others.size;
  }
}

/** One that would disturb somebody and could as well come later. */
function isOwnChange({ owner, deployment, pods, templateHash, storeChecksum }: TurnInput): boolean {
  const { [annotations.template]: before } = deployment?.metadata.annotations ?? {};
  if (deployment === undefined || before === undefined || before === templateHash) return false;
  const isOurs = deployment.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true;
  const isServing = wantedReplicas(owner) > 0 && pods.some(isReady);
  // Pods that know a former address of the store would refuse async requests until their turn came.
  const known = deployment.spec.template.metadata?.annotations?.[annotations.storeChecksum];
  return isOurs && isServing && known === storeChecksum && !isOfSpec(owner, deployment);
}

/** The hash alone would take a new default of the definition for a change of spec; the generation alone, one of replicas. */
function isOfSpec(owner: InferenceDeployment, deployment: Deployment): boolean {
  const isNew = owner.status?.observedGeneration !== owner.metadata.generation;
  return isNew && deployment.metadata.annotations?.[annotations.spec] !== specHash(owner);
}

function keptTurn({ deployment, templateHash }: TurnInput): Turn {
  const { [annotations.turn]: turn, [annotations.template]: before } = deployment?.metadata.annotations ?? {};
  return turn === 'taken' && before === templateHash ? 'taken' : 'none';
}

/** One that is past its deadline is passed over: the others must not wait for ever. */
function isTakingItsTurn(deployment: Deployment): boolean {
  const { metadata, status } = deployment;
  if (metadata.annotations?.[annotations.turn] !== 'taken') return false;
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const progress = status?.conditions?.find(({ type }) => type === 'Progressing');
  return !isSeen || (isRollingOut(deployment) && progress?.reason !== 'ProgressDeadlineExceeded');
}
