// The Deployment: the pod template, how many, and how a change replaces them.

import { hashOf } from '../api/hash.ts';
import type { InferenceDeployment } from '../api/inference-deployment.ts';
import { annotations, childNames, podSelector } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { childHead, type DesiredInput, wantedReplicas } from './input.ts';
import { podTemplate } from './pod.ts';

export function deployment(input: DesiredInput) {
  const { owner, rollout, hasTurn } = input;
  const name = owner.metadata.name;
  const template = podTemplate(input);
  return {
    ...childHead(owner, resources.deployments, childNames.deployment(name), {
      annotations: {
        [annotations.template]: hashOf(template),
        [annotations.spec]: specHash(owner),
        [annotations.rolloutReason]: rollout.reason,
        ...(hasTurn ? { [annotations.turn]: 'taken' } : {}),
      },
    }),
    spec: {
      replicas: wantedReplicas(owner),
      selector: { matchLabels: podSelector(name) },
      // A model that loads for half an hour is not a rollout that failed.
      progressDeadlineSeconds: owner.spec.healthCheck.startupTimeoutSeconds + 600,
      revisionHistoryLimit: 3,
      strategy: strategy(input),
      template,
    },
  };
}

/** Of spec without what changes no pod. */
export function specHash({ spec }: InferenceDeployment): string {
  const { replicas: _replicas, paused: _paused, rollout: _rollout, ingress: _ingress, ...shaping } = spec;
  return hashOf(shaping);
}

function strategy({ owner, rollout }: DesiredInput) {
  // The claim is mounted by one pod at a time: the old one must be gone before the new one starts.
  if (owner.spec.queue.persistence !== undefined) return { type: 'Recreate' };
  const surges = rollout.strategy === 'Surge';
  return { type: 'RollingUpdate', rollingUpdate: { maxSurge: surges ? 1 : 0, maxUnavailable: surges ? 0 : 1 } };
}
