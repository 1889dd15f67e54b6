// The story of one InferenceDeployment: look, decide, write, clean up, and say in status how it stands. A key carries no event:
// whatever happened, the whole is compared anew, so it may be run twice or stopped anywhere.
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Deployment } from '../api/kubernetes.ts';
import type { Key } from '../api/names.ts';
import type { EventRecorder } from '../cluster/events.ts';
import { readGpuFigures } from '../cluster/gpu-figures.ts';
import { writeStatus } from '../cluster/patch-status.ts';
import type { DesiredSettings } from '../desired/input.ts';
import { isSameStatus, statusOf } from '../status/status.ts';
import { eventsBetween } from '../status/transitions.ts';
import { type ActParts, act } from './act.ts';
import { HANGING_MS, observe } from './observe.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { needsGpuFigures, planOf } from './plan.ts';

export interface ReconcileParts extends ActParts {
  readonly settings: DesiredSettings;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newAdminToken: () => string;
}

export async function reconcile(key: Key, parts: ReconcileParts): Promise<Outcome> {
  const { view, client, events, clock, log } = parts;
  const owner = view.owner(key);
  // Gone, or a key that never was: garbage collection takes the children.
  if (owner === undefined) return { kind: 'done' };

  const observed = await observe(key, owner, parts);
  const isLeaving = owner.metadata.deletionTimestamp !== undefined;

  const how = { settings: parts.settings, adminToken: observed.adminToken ?? parts.newAdminToken() };
  const figures = !isLeaving && needsGpuFigures(observed, how) ? await readGpuFigures(client, owner.spec) : undefined;
  const plan = isLeaving ? undefined : planOf(observed, how, figures);
  if (plan !== undefined && plan.details.length > 0)
    log.info({ key, plan: plan.details, rollout: plan.rollout }, 'reconciling');

  const acted = plan === undefined ? { problems: [], errors: [], written: [] } : await act(plan, observed, parts);

  const deployment = acted.written.find((child) => child.kind === 'Deployment') as Deployment | undefined;
  const seen = { ...observed, deployment: deployment ?? observed.deployment };
  const status = statusOf({ ...seen, rollout: plan?.rollout, problems: acted.problems, now: new Date(clock.nowMs()) });
  if (!isSameStatus(owner.status, status)) {
    view.remember(await writeStatus(client, owner, status));
    for (const event of eventsBetween(owner.status, status)) await events.record(owner, event);
  }

  const isStarting = status.waitingFor !== undefined && status.readyReplicas !== status.replicas;
  return outcomeOf(acted.problems, acted.errors, isStarting ? HANGING_MS : undefined);
}
