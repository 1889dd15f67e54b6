// Whole reconciles, a row each: what is in the cluster, and the writes that follow. Reads as a list of promises.
import { describe, expect, test } from 'vitest';
import type { InferenceDeployment } from '../../operator/api/inference-deployment.ts';
import type { Deployment, KubernetesObject } from '../../operator/api/kubernetes.ts';
import { secretOf } from '../support/desired.ts';
import { inferenceDeployment } from '../support/inference-deployment.ts';
import { pod, waiting } from '../support/pods.ts';
import { stable, ReconcileWorld as World } from '../support/reconcile-world.ts';

const secretNow = secretOf().metadata.name;

test('a key that is none, and one that is gone, do nothing', async () => {
  for (const key of ['nonsense', '', 'models/gone']) {
    const world = new World();
    expect(await world.reconcile(key)).toEqual({ kind: 'done' });
    expect([world.client.summary, world.client.reads]).toEqual([[], []]);
  }
});

test('one that is being deleted is left to garbage collection; status says so', async () => {
  const world = await stable();
  const owner = world.view.owner('models/llama')!;
  world.has({
    ...owner,
    metadata: { ...owner.metadata, resourceVersion: '9999', deletionTimestamp: 'now' },
  } as InferenceDeployment);
  await world.reconcile();
  expect(world.client.summary).toEqual(['patch InferenceDeployment/llama/status']);
  expect(world.status.phase).toBe('Terminating');
});

test('a new one is made whole, the Deployment after what its pods read', async () => {
  const world = new World().has(inferenceDeployment());
  await world.reconcile();
  expect(world.client.summary).toEqual([
    `create Secret/${secretNow}`,
    'patch NetworkPolicy/llama',
    'patch Service/llama',
    'patch Service/llama-pods',
    'patch Deployment/llama',
    'patch InferenceDeployment/llama/status',
  ]);
});

test('a stable one makes no write and no read', async () => {
  const world = await stable();
  await world.reconcile();
  expect([world.client.writes, world.client.reads]).toEqual([[], []]);
});

test('a restarted operator makes no write either', async () => {
  const before = await stable();
  const after = new World().has(...before.client.objects.values());
  await after.reconcile();
  expect([after.client.writes, after.tokens === 0 || after.client.writes.length === 0]).toEqual([[], true]);
});

test('what somebody changed by hand is put back, that object only', async () => {
  const world = await stable();
  const service = world.client.objects.get('Service/llama') as KubernetesObject & { spec: object };
  world.has({
    ...service,
    metadata: { ...service.metadata, resourceVersion: '9999' },
    spec: { ...service.spec, selector: {} },
  } as never);
  await world.reconcile();
  expect(world.client.summary).toEqual(['patch Service/llama']);
});

test('what is no longer asked for is deleted, by uid', async () => {
  const world = await stable({ ingress: { host: 'm.example' }, replicas: 2 });
  world.edit({ replicas: 1 });
  await world.reconcile();
  expect(world.client.summary).toEqual([
    'patch Deployment/llama',
    'delete PodDisruptionBudget/llama',
    'delete Ingress/llama',
    'patch InferenceDeployment/llama/status',
  ]);
  const body = world.client.writes.find(({ verb }) => verb === 'delete')?.body as { preconditions: { uid: string } };
  expect(body.preconditions.uid).toMatch(/^uid-/);
});

test('an object of somebody else under our name is left alone', async () => {
  const world = new World().has(inferenceDeployment());
  const metadata = { name: 'llama', namespace: 'models', uid: 'theirs' };
  world.client.hold({ apiVersion: 'v1', kind: 'Service', metadata });
  const outcome = await world.reconcile();
  expect(outcome.kind).toBe('stalled');
  expect(world.client.summary).not.toContain('patch Service/llama');
  expect(world.said('Progressing')).toContain('False:ForeignObject: Service llama exists already');
});

test('no pod is started without the Secret that it reads', async () => {
  const world = new World().has(inferenceDeployment());
  world.client.refusals.set('create Secret', { status: 403, message: 'secrets is forbidden' });
  expect((await world.reconcile()).kind).toBe('stalled');
  expect(world.client.summary).not.toContain('patch Deployment/llama');
  expect(world.said('Progressing')).toContain('verb "create" on "secrets"');
});

test('no pod is started on a claim that is somebody else’s', async () => {
  const world = new World().has(
    inferenceDeployment({ spec: { queue: { store: 'embedded', persistence: { size: '1Gi' } } } }),
  );
  const metadata = { name: 'llama-queue', namespace: 'models', uid: 'theirs' };
  world.client.hold({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata });
  expect((await world.reconcile()).kind).toBe('stalled');
  expect(world.client.summary).not.toContain('patch Deployment/llama');
});

test('what is no longer asked for is left where it is not ours, or on its way out already', async () => {
  const before = await stable({ ingress: { host: 'm.example' }, replicas: 2 });
  const [budget, ingress] = ['PodDisruptionBudget/llama', 'Ingress/llama'].map(
    (key) => before.client.objects.get(key)!,
  );
  const { ownerReferences: _, ...orphaned } = budget!.metadata;
  before.has(
    { ...budget!, metadata: { ...orphaned, resourceVersion: '9999' } },
    { ...ingress!, metadata: { ...ingress!.metadata, resourceVersion: '9999', deletionTimestamp: 'now' } },
  );
  before.edit({ replicas: 1 });
  await before.reconcile();
  expect(before.client.summary.filter((write) => write.startsWith('delete'))).toEqual([]);
});

test('a foreign object that bears our label but another owner is not taken either', async () => {
  const world = await stable();
  const service = world.client.objects.get('Service/llama')!;
  const owner = { ...service.metadata.ownerReferences![0]!, kind: 'HelmRelease', uid: 'theirs' };
  world.has({ ...service, metadata: { ...service.metadata, resourceVersion: '9999', ownerReferences: [owner] } });
  await world.reconcile();
  expect(world.client.summary).toEqual(['patch InferenceDeployment/llama/status']);
  expect(world.said('Progressing')).toContain('belongs to HelmRelease llama');
});

test('an orphan of ours is adopted', async () => {
  const before = await stable();
  const world = new World().has(inferenceDeployment());
  const { ownerReferences: _, ...orphaned } = before.client.objects.get('Deployment/llama')!.metadata;
  world.has({ ...before.client.objects.get('Deployment/llama')!, metadata: orphaned });
  const outcome = await world.reconcile();
  expect(outcome.kind).not.toBe('stalled');
  expect(world.client.applied<KubernetesObject>('Deployment')?.metadata.ownerReferences?.[0]?.uid).toBe('uid-of-llama');
});

test('children of a deleted namesake are waited for, not fought over', async () => {
  const before = await stable();
  const world = new World().has(
    inferenceDeployment({ uid: 'uid-of-the-next' }),
    before.client.objects.get('Service/llama')!,
  );
  expect((await world.reconcile()).kind).toBe('transient');
  expect(world.said('Progressing')).toContain('still being removed');
});

test.each([
  [
    '403',
    { status: 403, message: 'services is forbidden' },
    'stalled',
    'PermissionDenied',
    'verb "patch" on "services"',
  ],
  ['422', { status: 422, message: 'spec.ports: bad' }, 'stalled', 'Refused', 'spec.ports: bad'],
  [
    'two entries of one key',
    { status: 500, message: 'failed to create typed patch object (x): duplicate entries for key' },
    'stalled',
    'Refused',
    'duplicate entries',
  ],
  ['401', { status: 401, message: 'Unauthorized' }, 'stalled', 'PermissionDenied', 'verb "patch" on "services"'],
  ['400', { status: 400, message: 'strict decoding error' }, 'stalled', 'Refused', 'strict decoding error'],
  [
    'a namespace on its way out',
    { status: 403, message: 'forbidden: unable to create new content in namespace x because it is being terminated' },
    'transient',
    'ApplyFailed',
    'being terminated',
  ],
  ['503', { status: 503, message: 'unavailable' }, 'transient', 'ApplyFailed', 'unavailable'],
  ['429', { status: 429, message: 'slow down' }, 'transient', 'ApplyFailed', 'slow down'],
  ['a quota', { status: 403, message: 'forbidden: exceeded quota: x' }, 'stalled', 'QuotaExceeded', 'exceeded quota'],
])(
  '%s from the API server: the rest is made, status says why, and it is tried again',
  async (_name, refusal, kind, reason, words) => {
    const world = new World().has(inferenceDeployment());
    world.client.refusals.set('patch Service', refusal);
    expect((await world.reconcile()).kind).toBe(kind);
    expect(world.client.summary).toContain('patch Deployment/llama');
    expect(world.said('Progressing')).toContain(`False:${reason}`);
    expect(world.said('Progressing')).toContain(words);
    world.client.refusals.clear();
    await world.reconcile();
    expect(world.client.summary.filter((write) => write === 'patch Service/llama')).toHaveLength(1);
  },
);

test('without a store that spec asks for nothing is made, and running pods stay', async () => {
  const world = await stable();
  expect((await world.reconcile('models/llama', { OPERATOR_STORE_URL: '' })).kind).toBe('stalled');
  expect(world.client.summary).toEqual(['patch InferenceDeployment/llama/status']);
  expect(world.said('StoreReady')).toContain('OPERATOR_STORE_URL is empty');
});

test('Secrets are never read: one that is there stays, and one that pods lack is made again without a change of the pods', async () => {
  const world = await stable();
  const name = `Secret/${secretNow}`;
  const { data } = world.client.objects.get(name) as KubernetesObject & { data: object };
  const restarted = new World().has(inferenceDeployment());
  restarted.client.hold(world.client.objects.get(name)!);
  await restarted.reconcile();
  expect(restarted.client.objects.get(name)).toMatchObject({ data });
  expect(restarted.client.reads.filter((read) => read.includes('Secret'))).toEqual([]);

  world.client.objects.delete(name);
  world.has(pod({ sidecar: waiting('CreateContainerConfigError'), model: waiting('PodInitializing'), ready: false }));
  await world.reconcile();
  expect(world.client.summary).toEqual([`create ${name}`, 'patch InferenceDeployment/llama/status']);
});

test('another store gets another Secret before the pods that read it', async () => {
  const world = await stable();
  await world.reconcile('models/llama', { OPERATOR_STORE_URL: 'redis://other' });
  const [first, ...rest] = world.client.summary;
  expect(first).toMatch(/^create Secret\/llama-sidecar-/);
  expect(first).not.toContain(secretNow);
  expect(rest).toContain('patch Deployment/llama');
});

test('lowering replicas writes deletion costs first, and only then', async () => {
  const world = await stable({ replicas: 2 });
  world.has(pod(), pod({ name: 'llama-2' }));
  await world.reconcile();
  expect(world.client.summary.filter((write) => write.includes('Pod/'))).toEqual([]);
  world.edit({ replicas: 1 });
  await world.reconcile();
  const writes = world.client.summary;
  expect(writes.filter((write) => write.includes('Pod/'))).toEqual(['patch Pod/llama-1', 'patch Pod/llama-2']);
  expect(writes.indexOf('patch Pod/llama-2')).toBeLessThan(writes.indexOf('patch Deployment/llama'));
});

test('pausing needs no costs: every pod goes', async () => {
  const world = await stable({ replicas: 2 });
  world.has(pod(), pod({ name: 'llama-2' }));
  world.edit({ replicas: 2, paused: true });
  await world.reconcile();
  expect(world.client.summary.filter((write) => write.includes('Pod/'))).toEqual([]);
  expect(world.client.applied<Deployment>('Deployment')?.spec.replicas).toBe(0);
});

test('a change of the template asks for free GPUs, writes the choice with it, and says why', async () => {
  const world = await stable();
  world.edit({ container: { image: 'model:2' } });
  await world.reconcile();
  expect(world.client.reads).toEqual(['list Node', 'list Pod']);
  expect(world.client.applied<Deployment>('Deployment')?.spec.strategy?.rollingUpdate).toEqual({
    maxSurge: 0,
    maxUnavailable: 1,
  });
  expect(world.status.rollout?.reason).toContain('none of 0 matching nodes has 1 free nvidia.com/gpu');
  expect(world.client.events.map(({ reason }) => reason)).toContain('RolloutRecreate');
});

describe('a pod that hangs while it is made', () => {
  const since = (startTime: string) => {
    const made = pod({ model: waiting('PodInitializing'), sidecar: waiting('PodInitializing'), ready: false });
    return { ...made, status: { ...made.status, startTime } };
  };
  const event = (reason: string, message: string) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: reason, namespace: 'models' },
    reason,
    message,
  });
  // The clock of these worlds says 22:13:20.
  const [old, young] = [since('2023-11-14T22:12:59Z'), since('2023-11-14T22:13:01Z')];

  test('is asked for its events, of which those on volumes and network say why', async () => {
    const world = await stable();
    world.client.hold(event('FailedMount', 'secret "absent" not found'), event('BackOff', 'something else'));
    world.has(old);
    await world.reconcile();
    expect(world.client.reads).toEqual(['list Event']);
    expect(world.said('Available')).toBe('False:MountFailed: secret "absent" not found');
  });

  test('is left in peace for twenty seconds, then looked at again', async () => {
    const world = await stable();
    world.has(young);
    expect(await world.reconcile()).toEqual({ kind: 'waiting', afterMs: 20_000 });
    expect(world.client.reads).toEqual([]);
    expect(world.said('Available')).toContain('False:Starting');
  });

  test('keeps its status without the right to read events', async () => {
    const world = await stable();
    world.client.refusals.set('list Event', { status: 403, message: 'events is forbidden' });
    world.has(old);
    expect((await world.reconcile()).kind).toBe('waiting');
    expect(world.said('Available')).toContain('False:Starting');
  });
});
