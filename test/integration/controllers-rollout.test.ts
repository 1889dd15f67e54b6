// A Deployment on the loopback cluster from first pod to next version: rolling on one GPU, Recreate, deadline, scaling down, undo.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conditionOf } from '../../dev/cluster/conditions.ts';
import { eventually } from '../support/eventually.ts';
import { fake, isReady, kinds, type Loopback, namespace, startLoopback } from '../support/loopback-node.ts';

let cluster: Loopback;
beforeAll(async () => {
  cluster = await startLoopback({ nodes: [{ gpus: { count: 2 } }] });
});
afterAll(() => cluster.stop());

type Shape = {
  replicas?: number;
  gpus?: number;
  strategy?: object;
  deadline?: number;
  image?: string;
  termMs?: string;
};
const manifest = (
  name: string,
  { replicas = 1, gpus = 0, strategy, deadline = 600, image = 'registry.test/fake:1', termMs = '300' }: Shape = {},
) => ({
  metadata: { name },
  spec: {
    replicas,
    progressDeadlineSeconds: deadline,
    selector: { matchLabels: { app: name } },
    ...(strategy ? { strategy } : {}),
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 5,
        containers: [
          fake(
            name,
            {
              image,
              readinessProbe: { httpGet: { path: '/ready', port: 8000 }, periodSeconds: 1 },
              ...(gpus ? { resources: { limits: { 'nvidia.com/gpu': gpus } } } : {}),
            },
            { TERM_MS: termMs },
          ),
        ],
      },
    },
  },
});
const podsOf = async (app: string) => (await cluster.pods()).filter((pod) => pod.metadata.labels?.app === app);
const patch = (name: string, spec: object) =>
  cluster.client.patch(kinds.deployments, { namespace, name }, 'strategic', { spec });
const newImage = (name: string, image = 'registry.test/fake:2') =>
  patch(name, { template: { spec: { containers: [{ name, image }] } } });
const remove = async (name: string) => {
  await cluster.client.delete(kinds.deployments, { namespace, name }, { propagationPolicy: 'Background' });
  await eventually(async () => (await podsOf(name)).length === 0, { deadlineMs: 90_000 });
};
const until = (name: string, check: (now: Awaited<ReturnType<typeof cluster.deployment>>) => boolean) =>
  eventually(
    async () => {
      const now = await cluster.deployment(name);
      if (!check(now)) throw new Error(`not yet: ${JSON.stringify(now.status)}`);
      return now;
    },
    { deadlineMs: 90_000 },
  );
const isComplete = (replicas: number) => (now: Awaited<ReturnType<typeof cluster.deployment>>) =>
  now.status?.observedGeneration === now.metadata.generation &&
  now.status?.availableReplicas === replicas &&
  now.status?.updatedReplicas === replicas &&
  now.status?.replicas === replicas;

describe('a Deployment', () => {
  it('becomes running processes, and says so', async () => {
    await cluster.createDeployment(manifest('first', { replicas: 2 }));
    const done = await until(
      'first',
      (now) => isComplete(2)(now) && conditionOf(now, 'Progressing')?.reason === 'NewReplicaSetAvailable',
    );
    expect(done.status).toMatchObject({ readyReplicas: 2 });
    expect(conditionOf(done, 'Available')).toMatchObject({
      status: 'True',
      reason: 'MinimumReplicasAvailable',
      message: 'Deployment has minimum availability.',
    });
    expect(done.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    const [pod] = await podsOf('first');
    const hash = pod?.metadata.labels?.['pod-template-hash'];
    expect(conditionOf(done, 'Progressing')?.message).toBe(`ReplicaSet "first-${hash}" has successfully progressed.`);
    expect(pod?.metadata.name).toMatch(new RegExp(`^first-${hash}-[a-z0-9]{5}$`));
    const told = (await cluster.eventsOf('first')).map((event) => event.message);
    expect(told).toEqual([`Scaled up replica set first-${hash} from 0 to 2`]);
  });

  it('gives up the pod with the lower deletion cost when it is scaled down', async () => {
    const [keep, lose] = await podsOf('first');
    const annotations = { 'controller.kubernetes.io/pod-deletion-cost': '-10' };
    await cluster.client.patch(kinds.pods, { namespace, name: lose?.metadata.name ?? '' }, 'merge', {
      metadata: { annotations },
    });
    await patch('first', { replicas: 1 });
    await eventually(async () => (await podsOf('first')).length === 1, { deadlineMs: 90_000 });
    expect((await podsOf('first'))[0]?.metadata.name).toBe(keep?.metadata.name);
    await remove('first');
  });

  it('waits for ever for a second GPU with a surge, and reports that its deadline has passed', async () => {
    await cluster.createDeployment(
      manifest('surge', {
        gpus: 2,
        deadline: 2,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      }),
    );
    // Until it says so too: its deadline may have passed meanwhile on a slow machine.
    await until(
      'surge',
      (now) => isComplete(1)(now) && conditionOf(now, 'Progressing')?.reason === 'NewReplicaSetAvailable',
    );
    const [old] = await podsOf('surge');
    await newImage('surge');
    const stuck = await until('surge', (now) => conditionOf(now, 'Progressing')?.reason === 'ProgressDeadlineExceeded');
    expect(conditionOf(stuck, 'Progressing')).toMatchObject({
      status: 'False',
      message: expect.stringMatching(/^ReplicaSet "surge-[a-z0-9]+" has timed out progressing\.$/),
    });
    expect(conditionOf(stuck, 'Available')?.status).toBe('True');
    await eventually(async () => {
      const pods = await podsOf('surge');
      expect(pods.find((pod) => pod.metadata.uid === old?.metadata.uid && isReady(pod))).toBeDefined();
      expect(
        conditionOf(pods.find((pod) => pod.metadata.uid !== old?.metadata.uid) as never, 'PodScheduled'),
      ).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    });
  });

  it('gets on once it may take the old pod down first', async () => {
    await patch('surge', { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } });
    const done = await until('surge', isComplete(1));
    expect(done.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    await remove('surge');
  });

  it('with Recreate starts the new pod only when the old one is gone for good', async () => {
    await cluster.createDeployment(manifest('again', { strategy: { type: 'Recreate' }, termMs: '2000' }));
    await until('again', isComplete(1));
    const [old] = await podsOf('again');
    await newImage('again');
    await until('again', isComplete(1));
    const ended = (await cluster.happened('again', 'exit')).at;
    const starts = cluster.journal().filter((entry) => entry.name === 'again' && entry.event === 'started');
    expect(starts).toHaveLength(2);
    expect(starts[1]?.at).toBeGreaterThanOrEqual(ended);
    expect((await podsOf('again')).map((pod) => pod.metadata.uid)).not.toContain(old?.metadata.uid);
  });

  it('goes back to its first template under the old ReplicaSet with a new revision', async () => {
    await newImage('again', 'registry.test/fake:1');
    const done = await until(
      'again',
      (now) => isComplete(1)(now) && now.metadata.annotations?.['deployment.kubernetes.io/revision'] === '3',
    );
    expect(done.spec.template.spec.containers[0]?.image).toBe('registry.test/fake:1');
    const sets = (await cluster.client.list(kinds.replicaSets, { namespace })).items.filter(
      (set) => set.metadata.labels?.app === 'again',
    );
    expect(sets).toHaveLength(2);
  });

  it('makes up for a pod that somebody deletes, and leaves nothing behind when it is deleted itself', async () => {
    const [pod] = await podsOf('again');
    await cluster.client.delete(kinds.pods, { namespace, name: pod?.metadata.name ?? '' });
    await eventually(
      async () => (await podsOf('again')).some((other) => other.metadata.uid !== pod?.metadata.uid && isReady(other)),
      { deadlineMs: 90_000 },
    );
    await remove('again');
    await eventually(async () => (await cluster.client.list(kinds.replicaSets, { namespace })).items.length === 0);
    expect(cluster.errors).toEqual([]);
  });
});
