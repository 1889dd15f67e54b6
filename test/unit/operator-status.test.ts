// One row a phase and condition: what is observed, and what status says of it.
import { expect, test } from 'vitest';
import { type ConditionType, conditionTypes, reasons } from '../../operator/api/conditions.ts';
import type { Problem } from '../../operator/reconcile/outcome.ts';
import { statusOf } from '../../operator/status/status.ts';
import { eventsBetween } from '../../operator/status/transitions.ts';
import { ended, pod, waiting } from '../support/pods.ts';
import { inputOf, type Row } from '../support/status-rows.ts';

const coming = { ready: false, started: false } as const;
const pulling = { ...coming, model: waiting('PodInitializing') };
const noGpu = { ...coming, refusal: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.' };
const problem = (reason: Problem['reason'], isTransient = false): Problem => ({
  reason,
  message: `about ${reason}`,
  isTransient,
});

const rows: Readonly<Record<string, Row>> = {
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
  'no node has the GPUs': {
    pods: [noGpu],
    phase: 'QuotaReached',
    waitingFor: 'GPUs',
    conditions: ['GPUsAvailable=False:InsufficientGPUs', 'Available=False:InsufficientGPUs'],
    says: '3 Insufficient nvidia.com/gpu',
  },
  'a second replica finds no GPUs': {
    spec: { replicas: 2 },
    pods: [{}, { ...noGpu, name: 'llama-2' }],
    phase: 'QuotaReached',
    waitingFor: 'GPUs',
    conditions: ['GPUsAvailable=False:InsufficientGPUs', 'Available=True:SomeReplicasReady'],
  },
  'no node has a GPU of the wanted product': {
    spec: { gpu: { count: 1, products: ['H100'] } },
    pods: [{ ...coming, refusal: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector." }],
    phase: 'QuotaReached',
    waitingFor: 'GPUs',
    conditions: ['Available=False:InsufficientGPUs', 'GPUsAvailable=False:InsufficientGPUs'],
    says: 'no node has spec.gpu.products (H100)',
  },
  'no node has the labels that were asked for': {
    spec: { gpu: { count: 1, products: ['H100'] }, nodeSelector: { zone: 'a' } },
    pods: [{ ...coming, refusal: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector." }],
    phase: 'Unhealthy',
    waitingFor: 'Node',
    conditions: ['Available=False:Unschedulable'],
  },
  'no node for another reason': {
    pods: [{ ...coming, refusal: '0/3 nodes are available: 3 Insufficient memory.' }],
    phase: 'Unhealthy',
    waitingFor: 'Node',
    conditions: ['Available=False:Unschedulable', 'GPUsAvailable=Unknown:NoPods'],
    says: 'Insufficient memory',
  },
  'the image does not exist': {
    pods: [{ ...coming, model: waiting('ImagePullBackOff', 'Back-off pulling image "model:1"') }],
    phase: 'Unhealthy',
    waitingFor: 'Image',
    conditions: ['Available=False:ImagePullFailed'],
    says: 'Back-off pulling image',
  },
  'a Secret of the environment is missing': {
    pods: [{ ...coming, model: waiting('CreateContainerConfigError', 'secret "hf" not found') }],
    phase: 'Unhealthy',
    waitingFor: 'ContainerConfig',
    conditions: ['Available=False:ContainerConfigError'],
    says: 'secret "hf" not found',
  },
  'a volume cannot be mounted': {
    pods: [{ ...pulling, sidecar: waiting('PodInitializing'), phase: 'Pending' }],
    trouble: 'MountVolume.SetUp failed for volume "cache"',
    phase: 'Unhealthy',
    waitingFor: 'Volume',
    conditions: ['Available=False:MountFailed'],
    says: 'volume "cache"',
  },
  'the container crashes': {
    pods: [
      {
        ...coming,
        model: waiting('CrashLoopBackOff', 'back-off'),
        lastModel: ended(3, 'Error', 'no such model'),
        restarts: 5,
      },
    ],
    phase: 'Unhealthy',
    waitingFor: 'ContainerRestart',
    conditions: ['Available=False:CrashLooping'],
    says: 'ended 6 times: exit code 3, no such model',
  },
  'the container was killed for memory': {
    pods: [{ ...coming, model: waiting('CrashLoopBackOff'), lastModel: ended(137, 'OOMKilled'), restarts: 2 }],
    phase: 'Unhealthy',
    waitingFor: 'ContainerRestart',
    conditions: ['Available=False:OutOfMemory'],
    says: '3 times',
  },
  'it loads again after it was killed for memory': {
    pods: [{ ...coming, lastModel: ended(137, 'OOMKilled'), restarts: 1 }],
    phase: 'Initializing',
    waitingFor: 'ModelLoading',
    conditions: ['Available=False:ModelLoading'],
    says: 'OOMKilled',
  },
  'the health check fails': {
    pods: [{ ready: false, started: true }],
    figures: { container: 'unhealthy' },
    phase: 'Unhealthy',
    waitingFor: 'HealthCheck',
    conditions: ['Available=False:HealthCheckFailing'],
  },
  'the container does not answer': {
    pods: [{ ready: false, started: true }],
    figures: { container: 'unreachable' },
    phase: 'Unhealthy',
    waitingFor: 'HealthCheck',
    conditions: ['Available=False:HealthCheckFailing'],
    says: 'does not answer',
  },
  'the container says busy': {
    pods: [{ ready: false, started: true }],
    figures: { container: 'busy' },
    phase: 'Initializing',
    waitingFor: 'ModelLoading',
    conditions: ['Available=False:ModelLoading'],
    says: 'busy',
  },
  'the store is down': {
    pods: [{ ready: false, started: true }],
    figures: { store: { kind: 'redis', ok: false, error: 'ECONNREFUSED' } },
    phase: 'Unhealthy',
    waitingFor: 'Store',
    conditions: ['StoreReady=False:StoreUnreachable', 'Available=False:StoreUnreachable'],
    says: 'ECONNREFUSED',
  },
  'the store is lost': {
    pods: [{}],
    figures: { store: { kind: 'redis', ok: false, error: 'ECONNREFUSED' } },
    phase: 'Degraded',
    waitingFor: 'Store',
    conditions: ['StoreReady=False:StoreUnreachable', 'Available=True:AllReplicasReady'],
  },
  'the store is being opened': {
    pods: [coming],
    figures: { store: { kind: 'redis', ok: false, error: null }, queue: null },
    phase: 'Initializing',
    waitingFor: 'ModelLoading',
    conditions: ['StoreReady=Unknown:NotObserved', 'Available=False:ModelLoading'],
  },
  'a pod was evicted': {
    pods: [{ ...coming, phase: 'Failed' }],
    phase: 'Unhealthy',
    waitingFor: 'NewPod',
    conditions: ['Available=False:PodFailed'],
  },
  'a pod was evicted, and another has taken its place': {
    pods: [{ ...coming, name: 'evicted', phase: 'Failed' }, {}],
    phase: 'Healthy',
    conditions: ['Available=True:AllReplicasReady', 'Progressing=True:Complete'],
  },
  'one of two was evicted, and nobody takes its place yet': {
    spec: { replicas: 2 },
    pods: [{ ...coming, name: 'evicted', phase: 'Failed' }, {}],
    phase: 'Degraded',
    waitingFor: 'NewPod',
    conditions: ['Available=True:SomeReplicasReady', 'Progressing=True:Scaling'],
  },
  'a quota forbids the pods': {
    pods: [],
    deploymentConditions: [
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'pods "x" is forbidden: exceeded quota: gpus',
      },
    ],
    phase: 'QuotaReached',
    waitingFor: 'Quota',
    conditions: ['Available=False:QuotaExceeded'],
    says: 'exceeded quota',
  },
  'admission refuses the pods': {
    pods: [],
    deploymentConditions: [
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'violates PodSecurity "restricted:latest"',
      },
    ],
    phase: 'Unhealthy',
    waitingFor: 'Admission',
    conditions: ['Available=False:AdmissionRefused'],
    says: 'PodSecurity',
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
  'a rollout with a surge pod': {
    rolling: true,
    pods: [{}, { name: 'llama-2', ...coming }],
    phase: 'Updating',
    waitingFor: 'ModelLoading',
    conditions: ['Progressing=True:RollingOut', 'Available=True:AllReplicasReady'],
  },
  'a rollout, one pod first: the new one waits for the GPUs of the old': {
    rolling: true,
    pods: [{ deletionTimestamp: 'now' }, { ...noGpu, name: 'llama-2' }],
    phase: 'Updating',
    waitingFor: 'Drain',
    conditions: ['GPUsAvailable=False:InsufficientGPUs'],
    says: 'will free some',
  },
  'a rollout that mends a pod that crashes': {
    rolling: true,
    templates: ['wrong', 'right'],
    pods: [
      { ...coming, model: waiting('CrashLoopBackOff'), lastModel: ended(2, 'Error'), restarts: 3, template: 'wrong' },
      { ...coming, name: 'llama-2', template: 'right' },
    ],
    phase: 'Updating',
    waitingFor: 'ModelLoading',
    conditions: ['Available=False:ModelLoading'],
  },
  'a rollout whose new pod crashes': {
    rolling: true,
    templates: ['right', 'wrong'],
    pods: [
      { template: 'right' },
      {
        ...coming,
        name: 'llama-2',
        model: waiting('CrashLoopBackOff'),
        lastModel: ended(2, 'Error'),
        restarts: 3,
        template: 'wrong',
      },
    ],
    phase: 'Degraded',
    waitingFor: 'ContainerRestart',
    conditions: ['Available=True:AllReplicasReady'],
  },
  'a change whose pods are not made yet': {
    applied: 'new',
    templates: ['old'],
    pods: [{ template: 'old' }],
    phase: 'Updating',
    waitingFor: 'PodStart',
    conditions: ['Progressing=True:RollingOut', 'Available=True:AllReplicasReady'],
  },
  'a change whose ReplicaSet is there before the Deployment says so': {
    applied: 'new',
    templates: ['old', 'new'],
    pods: [{ template: 'old' }],
    phase: 'Updating',
    waitingFor: 'PodStart',
    conditions: ['Progressing=True:RollingOut', 'Available=True:AllReplicasReady'],
  },
  'a change that its ReplicaSet has taken up': {
    applied: 'new',
    templates: ['old', 'new'],
    pods: [{ template: 'new' }],
    phase: 'Healthy',
    conditions: ['Progressing=True:Complete'],
  },
  'a rollout, the one new pod loads': {
    rolling: true,
    pods: [{ name: 'llama-2', ...coming }],
    phase: 'Updating',
    waitingFor: 'ModelLoading',
    conditions: ['Progressing=True:RollingOut', 'Available=False:ModelLoading'],
  },
  'a pod was deleted, its successor loads': {
    pods: [{ deletionTimestamp: 'now' }, { name: 'llama-2', ...coming }],
    phase: 'Updating',
    waitingFor: 'ModelLoading',
    conditions: ['Progressing=True:Scaling'],
  },
  'a rollout to an image that does not exist': {
    rolling: true,
    pods: [{}, { name: 'llama-2', ...coming, model: waiting('ErrImagePull', 'not found') }],
    phase: 'Degraded',
    waitingFor: 'Image',
    conditions: ['Progressing=True:RollingOut', 'Available=True:AllReplicasReady'],
    says: 'because); container model: not found',
  },
  'a rollout past its deadline': {
    rolling: true,
    pods: [{}, { name: 'llama-2', ...coming }],
    deploymentConditions: [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
    ],
    phase: 'Updating',
    waitingFor: 'ModelLoading',
    conditions: ['Progressing=False:RolloutStalled'],
    says: 'timed out; the container runs and has not answered healthy yet',
  },
  'a change of the operator’s settings waits for its turn': {
    isWaitingForTurn: true,
    pods: [{}],
    phase: 'Healthy',
    waitingFor: 'Turn',
    conditions: ['Progressing=True:WaitingForTurn', 'Available=True:AllReplicasReady'],
  },
  'it waits for its turn and a pod crashes': {
    isWaitingForTurn: true,
    spec: { replicas: 2 },
    pods: [{}, { name: 'llama-2', ...coming, model: waiting('CrashLoopBackOff'), lastModel: ended(1), restarts: 4 }],
    phase: 'Degraded',
    waitingFor: 'ContainerRestart',
    conditions: ['Progressing=True:WaitingForTurn', 'Available=True:SomeReplicasReady'],
  },
  'no store is configured': {
    pods: [],
    problem: problem('StoreNotConfigured'),
    phase: 'Unhealthy',
    waitingFor: 'Store',
    conditions: [
      'StoreReady=False:StoreNotConfigured',
      'Progressing=False:StoreNotConfigured',
      'Available=False:StoreNotConfigured',
    ],
  },
  'a name is taken': {
    pods: [],
    problem: problem('ForeignObject'),
    phase: 'Unhealthy',
    waitingFor: 'FreeName',
    conditions: ['Progressing=False:ForeignObject', 'Available=False:ForeignObject'],
  },
  'a permission is missing while pods run': {
    pods: [{}],
    problem: problem('PermissionDenied'),
    phase: 'Degraded',
    waitingFor: 'Permission',
    conditions: ['Progressing=False:PermissionDenied', 'Available=True:AllReplicasReady'],
  },
  'the API server refuses an object': {
    pods: [],
    problem: problem('Refused'),
    phase: 'Unhealthy',
    waitingFor: 'CorrectSpec',
    conditions: ['Progressing=False:Refused'],
  },
  'the API server is away for a moment': {
    pods: [{}],
    problem: problem('ApplyFailed', true),
    phase: 'Healthy',
    waitingFor: 'APIServer',
    conditions: ['Progressing=False:ApplyFailed', 'Available=True:AllReplicasReady'],
  },
};

test.each(Object.entries(rows))('%s', (_name, row) => {
  const status = statusOf(inputOf(row));
  const said = (status.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is}:${reason}`);
  expect(status.phase).toBe(row.phase);
  expect(status.waitingFor).toBe(row.waitingFor);
  expect(said).toEqual(expect.arrayContaining([...row.conditions]));
  const first = row.conditions[0]!.split('=')[0];
  if (row.says !== undefined)
    expect(status.conditions?.find(({ type }) => type === first)?.message).toContain(row.says);
});

test('every condition type is always there, with a reason of the table and a message', () => {
  for (const row of Object.values(rows)) {
    const { conditions = [] } = statusOf(inputOf(row));
    expect(conditions.map(({ type }) => type)).toEqual(Object.keys(conditionTypes) as ConditionType[]);
    for (const { reason, message } of conditions) {
      expect(Object.keys(reasons)).toContain(reason);
      expect(message).not.toBe('');
    }
  }
});

test('a condition keeps its time until its status changes', () => {
  const input = inputOf(rows['the model loads']!);
  const first = statusOf(input);
  const later = { ...input, owner: { ...input.owner, status: first }, now: new Date('2026-06-06T06:06:06Z') };
  expect(statusOf(later)).toEqual(first);
  const healthy = statusOf({ ...later, pods: [pod()] });
  const time = (type: string) => healthy.conditions?.find((condition) => condition.type === type)?.lastTransitionTime;
  expect(time('Available')).toBe('2026-06-06T06:06:06Z');
  expect(time('Progressing')).toBe('2026-05-05T05:05:05Z');
});

test('events tell each change once, warnings for what somebody must act on', () => {
  const before = statusOf(inputOf(rows['all replicas are ready']!));
  const after = statusOf(inputOf(rows['no node has the GPUs']!));
  expect(eventsBetween(before, after).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
    'Warning InsufficientGPUs',
  ]);
  expect(eventsBetween(after, after)).toEqual([]);
  expect(eventsBetween(after, before).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
    'Normal AllReplicasReady',
    'Normal Connected',
  ]);
  const rolled = { ...before, rollout: { strategy: 'Recreate' as const, reason: 'no GPU is free' } };
  expect(eventsBetween(before, rolled)).toEqual([
    { type: 'Normal', reason: 'RolloutRecreate', message: 'rollout by Recreate: no GPU is free' },
  ]);
});
