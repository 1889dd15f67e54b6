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
      { match: 'crasher', entrypoint: ['/bin/sh', '-c', 'exit 3'] },
    ],
  });
  await world.startOperator();
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
    words: 'exit code 3',
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

test('what the API server refuses of a passed-through field is said with its words', async () => {
  await world.apply(echo('refused', { podAnnotations: { 'not a key': 'a' } }));
  const seen = await world.until('refused', ({ status }) => status?.conditions?.[1]?.reason === 'Refused');
  expect(seen.status?.phase).toBe('Unhealthy');
  expect(seen.status?.waitingFor).toBe('CorrectSpec');
  expect(seen.status?.conditions?.[1]?.message).toContain('spec.template.annotations: Invalid value: "not a key"');
});
