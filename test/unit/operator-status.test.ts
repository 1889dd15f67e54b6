// Status of a deployment that lives as it should: from no pod to healthy, scaled, paused, deleted; times and events of what changes.
import { expect, test } from 'vitest';
import { statusOf } from '../../operator/status/status.ts';
import { eventsBetween } from '../../operator/status/transitions.ts';
import { ended, pod, waiting } from '../support/pods.ts';
import { checkRows, coming, inputOf, noGpu, pulling, type Row } from '../support/status-rows.ts';

const rows = {
  'no pod yet': {
    pods: [],
    phase: 'Initializing',
    waitingFor: 'PodStart',
    conditions: ['Available=False:Starting', 'GPUsAvailable=Unknown:NoPods', 'StoreReady=Unknown:NotObserved'],
  },
  'the sidecar starts': {
    pods: [{ ...pulling, sidecar: waiting('ContainerCreating') }],
    phase: 'Initializing',
    waitingFor: 'PodStart',
    conditions: ['Available=False:Starting', 'GPUsAvailable=True:Assigned'],
  },
  'the model image is pulled': {
    pods: [pulling],
    phase: 'ImagePulling',
    waitingFor: 'ImagePull',
    conditions: ['Available=False:ImagePulling'],
  },
  'the model loads': {
    pods: [coming],
    phase: 'Initializing',
    waitingFor: 'ModelLoading',
    conditions: ['Available=False:ModelLoading', 'Progressing=True:Scaling'],
  },
  'all replicas are ready': {
    pods: [{}],
    figures: {},
    phase: 'Healthy',
    conditions: [
      'Available=True:AllReplicasReady',
      'Progressing=True:Complete',
      'GPUsAvailable=True:Assigned',
      'StoreReady=True:Connected',
    ],
  },
  'no GPU is wanted': {
    spec: { gpu: { count: 0 } },
    pods: [{}],
    phase: 'Healthy',
    conditions: ['GPUsAvailable=True:NotNeeded'],
  },
  'one of two loads after scaling up': {
    spec: { replicas: 2 },
    pods: [{}, { name: 'llama-2', ...coming }],
    phase: 'Updating',
    waitingFor: 'ModelLoading',
    conditions: ['Available=True:SomeReplicasReady', 'Progressing=True:Scaling'],
  },
  'one of two crashes': {
    spec: { replicas: 2 },
    pods: [{}, { name: 'llama-2', ...coming, model: waiting('CrashLoopBackOff'), lastModel: ended(1), restarts: 4 }],
    phase: 'Degraded',
    waitingFor: 'ContainerRestart',
    conditions: ['Available=True:SomeReplicasReady'],
    says: 'exit code 1',
  },
  paused: {
    spec: { paused: true },
    pods: [],
    phase: 'Paused',
    conditions: ['Available=False:Paused', 'Progressing=True:Complete'],
  },
  'pausing, a pod drains': {
    spec: { paused: true },
    pods: [{ deletionTimestamp: 'now' }],
    phase: 'Paused',
    waitingFor: 'Drain',
    conditions: ['Available=False:Paused'],
  },
  'scaled to zero': { spec: { replicas: 0 }, pods: [], phase: 'Paused', conditions: ['Available=False:ScaledToZero'] },
  'being deleted': { leaving: true, pods: [{}], phase: 'Terminating', conditions: ['Available=False:Terminating'] },
  'a pod was deleted, its successor loads': {
    pods: [{ deletionTimestamp: 'now' }, { name: 'llama-2', ...coming }],
    phase: 'Updating',
    waitingFor: 'ModelLoading',
    conditions: ['Progressing=True:Scaling'],
  },
} satisfies Readonly<Record<string, Row>>;

checkRows(rows);

test('a condition keeps its time until its status changes', () => {
  const input = inputOf(rows['the model loads']);
  const first = statusOf(input);
  const later = { ...input, owner: { ...input.owner, status: first }, now: new Date('2026-06-06T06:06:06Z') };
  expect(statusOf(later)).toEqual(first);
  const healthy = statusOf({ ...later, pods: [pod()] });
  const time = (type: string) => healthy.conditions?.find((condition) => condition.type === type)?.lastTransitionTime;
  expect(time('Available')).toBe('2026-06-06T06:06:06Z');
  expect(time('Progressing')).toBe('2026-05-05T05:05:05Z');
});

const lacksGpus: Row = { pods: [noGpu], phase: 'QuotaReached', conditions: [] };

test('events tell each change once, warnings for what somebody must act on', () => {
  const before = statusOf(inputOf(rows['all replicas are ready']));
  const after = statusOf(inputOf(lacksGpus));
  expect(eventsBetween(before, after).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
    'Warning InsufficientGPUs',
  ]);
  expect(eventsBetween(after, after)).toEqual([]);
  expect(eventsBetween(after, before).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
    'Normal AllReplicasReady',
    'Normal Connected',
  ]);
  // The first revision replaces nothing: how it was rolled out is no news.
  expect(eventsBetween(undefined, before).map(({ reason }) => reason)).toEqual(['AllReplicasReady', 'Connected']);
  const rolled = { ...before, rollout: { strategy: 'Recreate' as const, reason: 'no GPU is free' } };
  expect(eventsBetween(before, rolled)).toEqual([
    { type: 'Normal', reason: 'RolloutRecreate', message: 'rollout by Recreate: no GPU is free' },
  ]);
});
