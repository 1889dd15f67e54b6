// The EndpointSlices of a Service on the loopback cluster: who is ready, serving, terminating; not-ready addresses where wanted;
// named ports of native sidecars.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EndpointSlice } from '../../dev/cluster/objects.ts';
import { eventually } from '../support/eventually.ts';
import { ask, fake, isReady, kinds, type Loopback, namespace, startLoopback } from '../support/loopback-node.ts';

let cluster: Loopback;
beforeAll(async () => {
  cluster = await startLoopback();
});
afterAll(() => cluster.stop());

const service = (name: string, spec: object) =>
  cluster.client.create(kinds.services, { namespace }, { metadata: { name }, spec });
const slices = async (name: string): Promise<readonly EndpointSlice[]> =>
  (
    await cluster.client.list(
      kinds.endpointSlices,
      { namespace },
      { labelSelector: `kubernetes.io/service-name=${name}` },
    )
  ).items;
const conditions = async (name: string) =>
  (await slices(name)).flatMap((slice) => slice.endpoints ?? []).map((endpoint) => endpoint.conditions);

it('a pod is listed as it is: not ready, ready, on its way out, gone', async () => {
  const selector = { app: 'a' };
  await service('strict', { selector, ports: [{ name: 'http', port: 80, targetPort: 8000 }] });
  await service('lenient', { selector, publishNotReadyAddresses: true, ports: [{ port: 80, targetPort: 8000 }] });
  const container = fake('a', {
    readinessProbe: { httpGet: { path: '/ready', port: 8000 }, periodSeconds: 1, failureThreshold: 3 },
    lifecycle: { preStop: { httpGet: { path: '/drain', port: 8000 } } },
  });
  await cluster.createPod(
    'a',
    { nodeName: 'node-1', containers: [container], terminationGracePeriodSeconds: 120 },
    selector,
  );
  const pod = await cluster.podUntil('a', isReady);
  await eventually(async () => (await conditions('strict'))[0]?.ready === true);
  const [slice] = await slices('strict');
  expect(slice).toMatchObject({ addressType: 'IPv4', ports: [{ name: 'http', port: 8000, protocol: 'TCP' }] });
  expect(slice?.endpoints?.[0]).toMatchObject({
    addresses: [pod.status?.podIP],
    nodeName: 'node-1',
    targetRef: { kind: 'Pod', name: 'a' },
  });

  await ask(pod, '/set?path=/ready&status=503');
  await eventually(async () => (await conditions('strict'))[0]?.ready === false);
  expect(await conditions('strict')).toEqual([{ ready: false, serving: false, terminating: false }]);
  expect(await conditions('lenient')).toEqual([{ ready: true, serving: false, terminating: false }]);

  await ask(pod, '/set?path=/ready&status=200');
  await cluster.podUntil('a', isReady);
  await ask(pod, '/set?path=/drain&held=1');
  await cluster.client.delete(kinds.pods, { namespace, name: 'a' });
  await eventually(async () => (await conditions('strict'))[0]?.terminating === true);
  expect(await conditions('strict')).toEqual([{ ready: false, serving: true, terminating: true }]);
  await cluster.happened('a', 'GET /drain');
  await ask(pod, '/release?path=/drain');
  await cluster.podGone('a');
  await eventually(async () => (await conditions('strict')).length === 0);
});

it('a named target port is found in a native sidecar, and a pod without it is left out', async () => {
  await service('named', { selector: { app: 'n' }, ports: [{ port: 80, targetPort: 'proxy' }] });
  const sidecar = fake(
    'proxy',
    { restartPolicy: 'Always', ports: [{ name: 'proxy', containerPort: 9090 }] },
    { PORT: '9090' },
  );
  await cluster.createPod(
    'with',
    { nodeName: 'node-1', initContainers: [sidecar], containers: [fake('n')] },
    { app: 'n' },
  );
  await cluster.createPod('without', { nodeName: 'node-1', containers: [fake('o')] }, { app: 'n' });
  await cluster.podUntil('with', isReady);
  await cluster.podUntil('without', isReady);
  await eventually(async () => (await slices('named'))[0]?.endpoints?.length === 1);
  const [slice] = await slices('named');
  expect(slice?.ports).toEqual([{ name: '', port: 9090, protocol: 'TCP' }]);
  expect(slice?.endpoints?.map((endpoint) => endpoint.targetRef?.name)).toEqual(['with']);
});
