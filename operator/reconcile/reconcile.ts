// The story of one InferenceDeployment: look, decide, write, clean up, and say in status how it stands. A key carries no event:
// whatever happened, the whole is compared anew, so it may be run twice or stopped anywhere.
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Deployment } from '../api/kubernetes.ts';
import type { Key } from '../api/names.ts';
import type { EventRecorder } from '../cluster/events.ts';
import { readGpuFigures } from '../cluster/gpu-figures.ts';
import { writeStatus } from '../cluster/patch-status.ts';
import { isSameStatus, statusOf } from '../status/status.ts';
import { eventsBetween } from '../status/transitions.ts';
import { type ActParts, act } from './act.ts';
import { type Observed, observe } from './observe.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { changeOf, planOf } from './plan.ts';
import { HANGING_MS } from './pod-events.ts';
import { asksForGpuFigures } from './rollout.ts';
import type { RolloutTurns } from './turns.ts';

export interface ReconcileParts extends ActParts {
  readonly events: EventRecorder;
  readonly turns: RolloutTurns;
  readonly clock: Clock;
  readonly log: Logger;
}

export async function reconcile(key: Key, parts: ReconcileParts): Promise<Outcome> {
  const { view, client, events, clock } = parts;
  const owner = view.owner(key);
  // Gone, or a key that never was: garbage collection takes the children.
  if (owner === undefined) return { kind: 'done' };

  const observed = await observe(key, owner, parts);
  const isLeaving = owner.metadata.deletionTimestamp !== undefined;

  const { plan, turn, acted } = isLeaving ? leftAlone : await carryOut(key, observed, parts);

  const deployment = acted.written.find((child) => child.kind === 'Deployment') as Deployment | undefined;
  const seen = { ...observed, deployment: deployment ?? observed.deployment };
  const status = statusOf({
    ...seen,
    rollout: plan?.rollout,
    isWaitingForTurn: turn === 'waiting',
    problems: acted.problems,
    now: new Date(clock.nowMs()),
  });
  if (!isSameStatus(owner.status, status)) {
    view.remember(await writeStatus(client, owner, status));
    for (const event of eventsBetween(owner.status, status)) await events.record(owner, event);
  }

  const isStarting = status.waitingFor !== undefined && status.readyReplicas !== status.replicas;
  const lookAgainMs = turn === 'waiting' ? NEXT_TURN_MS : isStarting ? HANGING_MS : undefined;
  return outcomeOf(acted.problems, acted.errors, lookAgainMs);
}

/** Whose turn ends is not told to those that wait. */
const NEXT_TURN_MS = 10_000;
const leftAlone = { plan: undefined, turn: 'none', acted: { problems: [], errors: [], written: [] } } as const;

/** Decides and writes. */
async function carryOut(key: Key, observed: Observed, parts: ReconcileParts) {
  const { client, settings, turns, log } = parts;
  const change = changeOf(observed, settings);
  const turn = turns.ask(key, change);
  try {
    const asks = turn !== 'waiting' && asksForGpuFigures(change);
    const figures = asks ? await readGpuFigures(client, observed.owner.spec, settings.namespaces) : undefined;
    const plan = planOf(observed, settings, { change, turn, figures });
    if (plan.details.length > 0) log.info({ key, plan: plan.details, rollout: plan.rollout }, 'reconciling');
    return { plan, turn, acted: await act(plan, observed, parts) };
  } finally {
    turns.written(key);
  }
}
