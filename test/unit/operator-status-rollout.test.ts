// Status while pods are replaced, and while that waits for its turn.
import { ended, waiting } from '../support/pods.ts';
import { checkRows, coming, noGpu, type Row } from '../support/status-rows.ts';

const rows = {
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
} satisfies Readonly<Record<string, Row>>;

checkRows(rows);
