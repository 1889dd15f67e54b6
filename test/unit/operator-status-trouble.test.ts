// Status where pods do not get along: GPUs, nodes, images, volumes, crashes, health, store, evictions, quota and admission.
import { expect, test } from 'vitest';
import { statusOf } from '../../operator/status/status.ts';
import { ended, waiting } from '../support/pods.ts';
import { checkRows, coming, inputOf, noGpu, pulling, type Row } from '../support/status-rows.ts';

const rows = {
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
  ...Object.fromEntries(
    [
      'persistentvolumeclaim "cache" not found',
      'persistentvolumeclaim "cache" is being deleted',
      'persistentvolumeclaim "cache" bound to non-existent persistentvolume "pv"',
      'pod has unbound immediate PersistentVolumeClaims',
      "3 node(s) didn't find available persistent volumes to bind",
      '3 node(s) had volume node affinity conflict',
      "3 node(s) didn't match PersistentVolume's node affinity",
      '1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
      '3 node(s) exceed max volume count',
      '3 node(s) did not have enough free storage',
      'storageclass.storage.k8s.io "fast" not found',
    ].map((words) => [
      `a volume keeps it from every node: ${words}`,
      {
        pods: [{ ...coming, refusal: `0/3 nodes are available: ${words}.` }],
        phase: 'Unhealthy',
        waitingFor: 'Volume',
        conditions: ['Available=False:VolumeUnavailable'],
        says: words,
        shows: words,
      },
    ]),
  ),
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
    says: 'started again after it ended once: exit code 137 (SIGKILL), OOMKilled',
  },
  'the startup timeout is over, and the health path answers otherwise than it should': {
    pods: [{ ...coming, lastModel: ended(0, 'Completed'), restarts: 3 }],
    kill: 'startup',
    figures: { container: 'starting', containerSaid: 'GET /healthz: answered 404' },
    phase: 'Unhealthy',
    waitingFor: 'HealthCheck',
    conditions: ['Available=False:HealthCheckFailing'],
    says: 'healthCheck.startupTimeoutSeconds (1800), so it was killed; it has ended 3 times. Its health path answered last: GET /healthz: answered 404',
  },
  'the same while it waits for its next start': {
    pods: [{ ...coming, model: waiting('CrashLoopBackOff'), lastModel: ended(0, 'Completed'), restarts: 3 }],
    kill: 'startup',
    figures: { container: 'starting', containerSaid: 'GET /healthz: answered 404' },
    phase: 'Unhealthy',
    waitingFor: 'HealthCheck',
    conditions: ['Available=False:HealthCheckFailing'],
    says: 'Its health path answered last: GET /healthz: answered 404',
  },
  'the startup timeout is over, and nobody ever answered': {
    pods: [{ ...coming, lastModel: ended(143), restarts: 1 }],
    kill: 'startup',
    figures: { container: 'starting', containerAnswer: 'GET /health: connect ECONNREFUSED 127.0.0.1:8000' },
    phase: 'Unhealthy',
    waitingFor: 'HealthCheck',
    conditions: ['Available=False:StartupTimedOut'],
    says: 'GET /health: connect ECONNREFUSED 127.0.0.1:8000). Raise startupTimeoutSeconds',
  },
  'after the startup timeout its image cannot be fetched any more': {
    pods: [{ ...coming, model: waiting('ErrImagePull', 'not found'), lastModel: ended(143), restarts: 1 }],
    kill: 'startup',
    phase: 'Unhealthy',
    waitingFor: 'Image',
    conditions: ['Available=False:ImagePullFailed'],
  },
  'its liveness probe killed it, and it loads again': {
    pods: [{ ...coming, lastModel: ended(0, 'Completed'), restarts: 1 }],
    kill: 'liveness',
    figures: { container: 'unreachable' },
    phase: 'Initializing',
    waitingFor: 'ModelLoading',
    conditions: ['Available=False:ModelLoading'],
    says: 'killed because it did not answer its health path any more',
  },
  'its liveness probe killed it again and again': {
    pods: [{ ...coming, model: waiting('CrashLoopBackOff'), lastModel: ended(0, 'Completed'), restarts: 4 }],
    kill: 'liveness',
    phase: 'Unhealthy',
    waitingFor: 'HealthCheck',
    conditions: ['Available=False:HealthCheckFailing'],
    says: 'ended 5 times: killed because it did not answer',
  },
  'the name of the Service is taken while all replicas are ready': {
    pods: [{}],
    problem: { reason: 'ForeignObject', message: 'Service "llama" belongs to somebody else', isTransient: false },
    phase: 'Degraded',
    waitingFor: 'FreeName',
    conditions: ['Progressing=False:ForeignObject', 'Available=True:AllReplicasReady'],
    shows: 'Service "llama" belongs to somebody else',
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
  'the node of a pod falls silent': {
    pods: [{ isPodReady: false }],
    phase: 'Unhealthy',
    waitingFor: 'NewPod',
    conditions: ['Available=False:PodFailed'],
    says: 'node gpu-1 does not answer; pod llama-1 is replaced when the cluster gives it up',
  },
  'the sidecar starts again beside a model that runs': {
    pods: [{ isPodReady: false, isSidecarReady: false }],
    phase: 'Initializing',
    waitingFor: 'ModelLoading',
    conditions: ['Available=False:ModelLoading'],
    says: 'the container is not ready',
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
    pods: [{ ...coming, phase: 'Failed', end: { reason: 'Evicted', message: 'the node was low on memory' } }],
    phase: 'Unhealthy',
    waitingFor: 'NewPod',
    conditions: ['Available=False:PodFailed'],
    says: 'pod llama-1 has failed: Evicted: the node was low on memory',
  },
  'a pod has failed, and nobody says why': {
    pods: [{ ...coming, phase: 'Failed' }],
    phase: 'Unhealthy',
    waitingFor: 'NewPod',
    conditions: ['Available=False:PodFailed'],
    says: 'pod llama-1 has failed',
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
} satisfies Readonly<Record<string, Row>>;

checkRows(rows);

/** The kubelet's words for an image that will not come, and for a container that cannot be made. */
test.each([
  ...[
    'ErrImagePull',
    'ImagePullBackOff',
    'InvalidImageName',
    'ErrImageNeverPull',
    'RegistryUnavailable',
    'ImageInspectError',
  ].map((word) => [word, 'ImagePullFailed']),
  ...['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'].map((word) => [
    word,
    'ContainerConfigError',
  ]),
] as [string, string][])('%s is told as %s, of either container', (word, reason) => {
  for (const name of ['model', 'sidecar']) {
    const given = { ...coming, [name]: waiting(word, 'in its own words') };
    const { conditions } = statusOf(inputOf({ pods: [given], phase: '', conditions: [] }));
    expect(conditions?.[0]).toMatchObject({ reason, message: `container ${name}: in its own words` });
  }
});
