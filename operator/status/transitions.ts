// Which changes of status a person would ask about: they become Events. Pure.
import type { Condition, Reason } from '../api/conditions.ts';
import type { InferenceDeploymentStatus } from '../api/inference-deployment.ts';
import type { EventText } from '../cluster/events.ts';

/** Comings and goings that are seen in kubectl get anyway. */
const quiet: ReadonlySet<Reason> = new Set([
  'NoPods',
  'NotObserved',
  'NotNeeded',
  'Scaling',
  'WaitingForTurn',
  'Starting',
  'Assigned',
  'Complete',
]);

export function eventsBetween(
  before: InferenceDeploymentStatus | undefined,
  after: InferenceDeploymentStatus,
): readonly EventText[] {
  const changed = (after.conditions ?? []).filter((condition) => {
    const former = before?.conditions?.find(({ type }) => type === condition.type);
    return former?.reason !== condition.reason && !quiet.has(condition.reason as Reason);
  });
  // Two conditions may say the same thing; it is told once.
  const told = new Map(changed.map((condition) => [condition.reason, condition]));
  const rollout = after.rollout;
  const isNewRollout =
    rollout !== undefined && before?.rollout !== undefined && before.rollout.reason !== rollout.reason;
  return [
    ...[...told.values()].map(asEvent),
    ...(isNewRollout
      ? [
          {
            type: 'Normal',
            reason: `Rollout${rollout.strategy}`,
            message: `rollout by ${rollout.strategy}: ${rollout.reason}`,
          } as const,
        ]
      : []),
  ];
}

const expected: ReadonlySet<Reason> = new Set([
  'ImagePulling',
  'ModelLoading',
  'Paused',
  'ScaledToZero',
  'Terminating',
]);

function asEvent({ status, reason, message }: Condition): EventText {
  const isBad = status === 'False' && !expected.has(reason as Reason);
  return { type: isBad ? 'Warning' : 'Normal', reason, message };
}
