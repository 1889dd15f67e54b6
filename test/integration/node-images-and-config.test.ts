// What keeps a container of the loopback cluster from starting: images that are not there, Secrets that are missing, programs that
// do not exist. Reasons, messages and events are the kubelet's, and each recovers when its cause is gone.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ask, fake, isReady, kinds, type Loopback, namespace, startLoopback } from '../support/loopback-node.ts';

let cluster: Loopback;
beforeAll(async () => {
  cluster = await startLoopback({ images: [{ match: 'slow/pull', entrypoint: ['sleep', '1000'], pullMs: 3_000 }] });
});
afterAll(() => cluster.stop());

const waitingFor = (name: string, reason: string) =>
  cluster.podUntil(name, (pod) => pod.status?.containerStatuses?.[0]?.state.waiting?.reason === reason);
const messages = async (pod: string) =>
  (await cluster.eventsOf(pod)).map((event) => `${event.type} ${event.reason}: ${event.message}`);

describe('an image', () => {
  it('that is in no table is ErrImagePull, then ImagePullBackOff', async () => {
    await cluster.createPod('no-image', {
      nodeName: 'node-1',
      containers: [{ name: 'm', image: 'ghcr.io/none/such:1' }],
    });
    await waitingFor('no-image', 'ErrImagePull');
    const pod = await waitingFor('no-image', 'ImagePullBackOff');
    expect(pod.status?.phase).toBe('Pending');
    expect(pod.status?.containerStatuses?.[0]?.state.waiting?.message).toMatch(
      /^Back-off pulling image "ghcr.io\/none\/such:1": ErrImagePull: rpc error: code = NotFound/,
    );
    await eventually(async () => {
      const all = await messages('no-image');
      expect(all).toEqual(
        expect.arrayContaining([
          'Normal Pulling: Pulling image "ghcr.io/none/such:1"',
          'Warning Failed: Error: ErrImagePull',
          'Normal BackOff: Back-off pulling image "ghcr.io/none/such:1"',
          'Warning Failed: Error: ImagePullBackOff',
        ]),
      );
      return all.some((message) =>
        message.startsWith('Warning Failed: Failed to pull image "ghcr.io/none/such:1": rpc error'),
      );
    });
  });

  it('that takes time to pull leaves the container in ContainerCreating meanwhile', async () => {
    await cluster.createPod('pulling', { nodeName: 'node-1', containers: [{ name: 'm', image: 'slow/pull:1' }] });
    await waitingFor('pulling', 'ContainerCreating');
    await cluster.podUntil('pulling', isReady);
    await eventually(async () =>
      (await messages('pulling')).some((message) =>
        message.startsWith('Normal Pulled: Successfully pulled image "slow/pull:1" in '),
      ),
    );
  });

  it('with a malformed name is InvalidImageName', async () => {
    await cluster.createPod('bad-name', { nodeName: 'node-1', containers: [{ name: 'm', image: 'Not A Name' }] });
    await waitingFor('bad-name', 'InvalidImageName');
  });

  it('may not be pulled where the policy is Never', async () => {
    await cluster.createPod('never', {
      nodeName: 'node-1',
      containers: [{ name: 'm', image: 'slow/pull:2', imagePullPolicy: 'Never' }],
    });
    await waitingFor('never', 'ErrImageNeverPull');
  });
});

describe('a Secret that is missing', () => {
  const secret = (name: string) =>
    cluster.client.create(
      kinds.secrets,
      { namespace },
      { metadata: { name }, data: { key: Buffer.from('opened').toString('base64') } },
    );

  it('in env is CreateContainerConfigError until it is there', async () => {
    const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'later', key: 'key' } } }];
    await cluster.createPod('no-secret', { nodeName: 'node-1', containers: [fake('m', { env })] });
    const pod = await waitingFor('no-secret', 'CreateContainerConfigError');
    expect(pod.status?.containerStatuses?.[0]?.state.waiting?.message).toBe('secret "later" not found');
    await eventually(async () =>
      (await messages('no-secret')).includes('Warning Failed: Error: secret "later" not found'),
    );
    await secret('later');
    const ready = await cluster.podUntil('no-secret', isReady);
    await cluster.happened('m', 'listening');
    expect(JSON.parse(await ask(ready, '/env')).TOKEN).toBe('opened');
  });

  it('as a volume is FailedMount: the pod has no address and no container', async () => {
    const spec = {
      nodeName: 'node-1',
      volumes: [{ name: 'keys', secret: { secretName: 'later-volume' } }],
      containers: [fake('v', { volumeMounts: [{ name: 'keys', mountPath: '/keys' }] })],
    };
    await cluster.createPod('no-volume', spec);
    await eventually(async () =>
      (await messages('no-volume')).includes(
        'Warning FailedMount: MountVolume.SetUp failed for volume "keys" : secret "later-volume" not found',
      ),
    );
    const pod = await waitingFor('no-volume', 'ContainerCreating');
    expect(pod.status?.podIP).toBeUndefined();
    await secret('later-volume');
    await cluster.podUntil('no-volume', isReady);
  });
});

it('a program that does not exist is RunContainerError and exit 128', async () => {
  await cluster.createPod('no-program', {
    nodeName: 'node-1',
    containers: [fake('m', { command: ['/no/such/program'] })],
  });
  const pod = await cluster.podUntil(
    'no-program',
    (now) => now.status?.containerStatuses?.[0]?.lastState.terminated !== undefined,
  );
  expect(pod.status?.containerStatuses?.[0]?.lastState.terminated).toMatchObject({
    exitCode: 128,
    reason: 'StartError',
  });
  await waitingFor('no-program', 'CrashLoopBackOff');
});

it('a pod that must not run as root is refused as root', async () => {
  const spec = {
    nodeName: 'node-1',
    containers: [fake('m', { securityContext: { runAsNonRoot: true, runAsUser: 0 } })],
  };
  await cluster.createPod('root', spec);
  expect(
    (await waitingFor('root', 'CreateContainerConfigError')).status?.containerStatuses?.[0]?.state.waiting?.message,
  ).toContain("container's runAsUser breaks non-root policy");
});

it('a pod that is bound to a node without a free GPU is rejected by the node', async () => {
  const gpu = { resources: { limits: { 'nvidia.com/gpu': 1 } } };
  await cluster.createPod('gpu-1', { nodeName: 'node-1', containers: [fake('g', gpu)] });
  await cluster.podUntil('gpu-1', isReady);
  await cluster.createPod('gpu-2', { nodeName: 'node-1', containers: [fake('h', gpu)] });
  const pod = await cluster.podUntil('gpu-2', (now) => now.status?.phase === 'Failed');
  expect(pod.status).toMatchObject({ reason: 'UnexpectedAdmissionError' });
  expect(pod.status?.message).toContain('Requested: 1, Available: 0');
});
