// What a person sees when pods do not come up, in the words of whoever knows: kubelet, scheduler, the sidecar.
import { afterAll, beforeAll, expect } from 'vitest';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('pods');
let world: World;
beforeAll(async () => {
  world = await startWorld({
    nodes: [{ name: 'node-1' }],
    images: [
      { match: 'slow-pull', entrypoint: ['/bin/true'], pullMs: 60_000 },
      { match: 'crasher', entrypoint: ['/bin/sh', '-c', 'echo one; echo two; exit 3'] },
    ],
  });
  await world.startOperator({ OPERATOR_POLICY: '{"allowServiceAccounts": ["*"]}' });
});
afterAll(() => world?.close());

interface Row {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly phase: string;
  readonly waitingFor: string;
  readonly reason: string;
  readonly words: string;
}
const image = 'inference-operator/echo';
const rows: Readonly<Record<string, Row>> = {
  'an image that does not exist': {
    spec: { container: { image: 'no.such/image:1' } },
    phase: 'Unhealthy',
    waitingFor: 'Image',
    reason: 'ImagePullFailed',
    words: 'no.such/image:1',
  },
  'an image that takes its time': {
    spec: { container: { image: 'slow-pull' } },
    phase: 'ImagePulling',
    waitingFor: 'ImagePull',
    reason: 'ImagePulling',
    words: 'fetches the model image',
  },
  'a container that crashes': {
    spec: { container: { image: 'crasher' } },
    phase: 'Unhealthy',
    waitingFor: 'ContainerRestart',
    reason: 'CrashLooping',
    words: 'exit code 3. Its last lines:\none\ntwo',
  },
  'an environment from a Secret that does not exist': {
    spec: { container: { image, env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'absent', key: 'a' } } }] } },
    phase: 'Unhealthy',
    waitingFor: 'ContainerConfig',
    reason: 'ContainerConfigError',
    words: 'secret "absent" not found',
  },
  // Said only by the pod's events, and asked for once the pod has hung for a while.
  'a volume from a Secret that does not exist': {
    spec: {
      container: { image, volumeMounts: [{ name: 'certificates', mountPath: '/certificates' }] },
      volumes: [{ name: 'certificates', secret: { secretName: 'absent' } }],
    },
    phase: 'Unhealthy',
    waitingFor: 'Volume',
    reason: 'MountFailed',
    words: 'secret "absent" not found',
  },
  'a service account that does not exist': {
    spec: { serviceAccountName: 'absent' },
    phase: 'Unhealthy',
    waitingFor: 'Admission',
    reason: 'AdmissionRefused',
    words: 'serviceaccount "absent" not found',
  },
  'a node selector that no node fits': {
    spec: { nodeSelector: { zone: 'nowhere' } },
    phase: 'Unhealthy',
    waitingFor: 'Node',
    reason: 'Unschedulable',
    words: "didn't match Pod's node affinity/selector",
  },
  'a health path that is not there': {
    spec: { healthCheck: { path: '/nothing-here', startupTimeoutSeconds: 3600 } },
    phase: 'Initializing',
    waitingFor: 'ModelLoading',
    reason: 'ModelLoading',
    words: 'has not answered healthy yet (GET /nothing-here: answered 404)',
  },
  'a wrong health path and a short timeout': {
    spec: { healthCheck: { path: '/healthz', startupTimeoutSeconds: 10 } },
    phase: 'Unhealthy',
    waitingFor: 'HealthCheck',
    reason: 'HealthCheckFailing',
    words: 'Its health path answered last: GET /healthz: answered 404',
  },
  'a model that loads for longer than it may': {
    spec: {
      container: { image, args: ['--load-seconds', '3600', '--while-loading', 'refuse'] },
      healthCheck: { startupTimeoutSeconds: 10 },
    },
    phase: 'Unhealthy',
    waitingFor: 'HealthCheck',
    reason: 'StartupTimedOut',
    words: 'Raise startupTimeoutSeconds if it needs longer to load',
  },
  'a claim that does not exist': {
    spec: {
      container: { image, volumeMounts: [{ name: 'cache', mountPath: '/cache' }] },
      volumes: [{ name: 'cache', persistentVolumeClaim: { claimName: 'absent' } }],
    },
    phase: 'Unhealthy',
    waitingFor: 'Volume',
    reason: 'VolumeUnavailable',
    words: 'persistentvolumeclaim "absent" not found',
  },
  'an environment from a ConfigMap that does not exist': {
    spec: { container: { image, envFrom: [{ configMapRef: { name: 'absent' } }] } },
    phase: 'Unhealthy',
    waitingFor: 'ContainerConfig',
    reason: 'ContainerConfigError',
    words: 'configmap "absent" not found',
  },
  'no store where one is asked for': {
    spec: { queue: { store: 'redis' } },
    phase: 'Unhealthy',
    waitingFor: 'Store',
    reason: 'StoreNotConfigured',
    words: 'spec.queue.store to embedded',
  },
};

test.each(Object.entries(rows))('%s', async (title, row) => {
  const name = title.toLowerCase().replaceAll(' ', '-').slice(0, 40);
  await world.apply(echo(name, row.spec));
  // What the sidecar knows comes with the next round of its figures, after what the pod says.
  const seen = await world.until(name, ({ status }) => {
    const [available] = status?.conditions ?? [];
    return available?.reason === row.reason && available.message.includes(row.words);
  });
  expect(seen.status).toMatchObject({ phase: row.phase, waitingFor: row.waitingFor });
  await world.kubectl('delete', 'infdep', name);
});

test('a Service of that name, of somebody else: kubectl get -o wide says so, however ready the replicas are', async () => {
  const ports = [{ port: 80 }];
  await world.apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'taken' }, spec: { ports } });
  await world.apply(echo('taken'));
  await world.until('taken', ({ status }) => status?.phase === 'Degraded');
  expect(await world.kubectl('get', 'infdep', 'taken', '-o', 'wide')).toMatch(/Service.*"?taken"?/);
  await world.kubectl('delete', 'infdep,service', 'taken');
});

test('what the API server refuses of a passed-through field is said with its words', async () => {
  await world.apply(echo('refused', { podAnnotations: { 'not a key': 'a' } }));
  const seen = await world.until('refused', ({ status }) => status?.conditions?.[1]?.reason === 'Refused');
  expect(seen.status?.phase).toBe('Unhealthy');
  expect(seen.status?.waitingFor).toBe('CorrectSpec');
  expect(seen.status?.conditions?.[1]?.message).toContain('spec.template.annotations: Invalid value: "not a key"');
});
