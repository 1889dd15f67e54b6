// A StatefulSet on the loopback cluster, as the chart's own Redis is one: pods in order with claims that outlive them; and a claim that
// only one pod may use.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { conditionOf } from '../../dev/cluster/conditions.ts';
import { eventually } from '../support/eventually.ts';
import { ask, fake, isReady, kinds, type Loopback, namespace, startLoopback } from '../support/loopback-node.ts';

let cluster: Loopback;
beforeAll(async () => {
  cluster = await startLoopback();
});
afterAll(() => cluster.stop());

const claim = (mode = 'ReadWriteOnce') => ({ accessModes: [mode], resources: { requests: { storage: '1Gi' } } });
const container = fake('db', {
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
  env: [{ name: 'FILE', value: '/data/file' }],
  readinessProbe: { httpGet: { path: '/ready', port: 8000 }, periodSeconds: 1 },
});
const fileOf = async (name: string) => {
  const pod = await cluster.podUntil(name, isReady);
  return { pod, path: JSON.parse(await ask(pod, '/env')).FILE as string };
};
const patch = (spec: object) => cluster.client.patch(kinds.statefulSets, { namespace, name: 'db' }, 'merge', { spec });

it('makes its pods in order and gives each its own claim, which outlives it', async () => {
  await cluster.client.create(
    kinds.statefulSets,
    { namespace },
    {
      metadata: { name: 'db' },
      spec: {
        replicas: 2,
        serviceName: 'db',
        selector: { matchLabels: { app: 'db' } },
        template: {
          metadata: { labels: { app: 'db' } },
          spec: { terminationGracePeriodSeconds: 2, containers: [container] },
        },
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim() }],
      },
    },
  );
  const [zero, one] = [await cluster.podUntil('db-0', isReady), await cluster.podUntil('db-1', isReady)];
  const readySince = Date.parse(conditionOf(zero, 'Ready')?.lastTransitionTime ?? '');
  expect(Date.parse(one.metadata.creationTimestamp)).toBeGreaterThanOrEqual(readySince);
  const { pod, path } = await fileOf('db-0');
  await ask(pod, `/write?path=${path}&text=kept`);
  await cluster.client.delete(kinds.pods, { namespace, name: 'db-0' });
  const again = await cluster.podUntil('db-0', (now) => now.metadata.uid !== zero.metadata.uid && isReady(now));
  expect(await ask(again, `/file?path=${(await fileOf('db-0')).path}`)).toBe('kept');
  await eventually(
    async () => (await cluster.client.get(kinds.statefulSets, { namespace, name: 'db' })).status?.readyReplicas === 2,
  );
});

it('updates from the top and scales down from the top', async () => {
  const zero = (await cluster.pod('db-0')).metadata.uid;
  await patch({ template: { metadata: { annotations: { version: '2' } } } });
  const isNew = (pod: { metadata: { annotations?: { [key: string]: string } } }) =>
    pod.metadata.annotations?.version === '2';
  const one = await cluster.podUntil('db-1', (pod) => isNew(pod) && isReady(pod));
  const updated = await cluster.podUntil('db-0', (pod) => isNew(pod) && isReady(pod));
  expect(updated.metadata.uid).not.toBe(zero);
  expect(Date.parse(updated.metadata.creationTimestamp)).toBeGreaterThanOrEqual(
    Date.parse(one.metadata.creationTimestamp),
  );
  await patch({ replicas: 1 });
  await cluster.podGone('db-1');
  expect(isReady(await cluster.pod('db-0'))).toBe(true);
  expect(
    (await cluster.client.list(kinds.claims, { namespace })).items.map((entry) => entry.metadata.name).sort(),
  ).toEqual(['data-db-0', 'data-db-1']);
});

it('a claim that only one pod may use keeps a second pod waiting, a missing one too', async () => {
  await cluster.client.create(
    kinds.claims,
    { namespace },
    { metadata: { name: 'single' }, spec: claim('ReadWriteOncePod') },
  );
  const spec = (claimName: string, name: string) => ({
    containers: [fake(name)],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    terminationGracePeriodSeconds: 2,
  });
  const why = async (name: string) =>
    conditionOf(await cluster.podUntil(name, (pod) => conditionOf(pod, 'PodScheduled') !== undefined), 'PodScheduled')
      ?.message;
  await cluster.createPod('holder', spec('single', 'holder'));
  await cluster.podUntil('holder', isReady);
  await cluster.createPod('waiter', spec('single', 'waiter'));
  expect(await why('waiter')).toContain(
    '1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
  );
  await cluster.createPod('lost', spec('none', 'lost'));
  expect(await why('lost')).toContain('0/1 nodes are available: persistentvolumeclaim "none" not found.');
  await cluster.client.delete(kinds.pods, { namespace, name: 'holder' });
  await cluster.podUntil('waiter', isReady);
});
