// Services on the loopback cluster: a pod reaches another by its Service's name or ClusterIP, a test reaches it through a forwarder;
// only ready pods answer, and where there is none the connection is refused.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ServiceAccess, startServiceAccess } from '../../dev/cluster/service-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { ask, fake, isReady, kinds, type Loopback, namespace, startLoopback } from '../support/loopback-node.ts';

let cluster: Loopback;
let access: ServiceAccess;
beforeAll(async () => {
  cluster = await startLoopback();
  access = await startServiceAccess(cluster.kubeconfig);
  const spec = { selector: { app: 's' }, ports: [{ name: 'http', port: 80, targetPort: 8000 }] };
  await cluster.client.create(kinds.services, { namespace }, { metadata: { name: 'store' }, spec });
});
afterAll(async () => {
  await access.stop();
  await cluster.stop();
});

const readinessProbe = { httpGet: { path: '/ready', port: 8000 }, periodSeconds: 1, failureThreshold: 1 };
const begin = async (name: string) => {
  await cluster.createPod(
    name,
    { nodeName: 'node-1', containers: [fake(name, { readinessProbe })], terminationGracePeriodSeconds: 2 },
    { app: 's' },
  );
  return await cluster.podUntil(name, isReady);
};
const nameBehind = async (url: string): Promise<string> =>
  JSON.parse(await (await fetch(`${url}/env`, { headers: { connection: 'close' } })).text()).NAME;

it('a Service without a ready pod has no endpoint, and its forwarder answers nobody', async () => {
  expect(access.endpointOf('default', 'store')).toBeUndefined();
  const { host, port, close } = await access.openService('default', 'store');
  await expect(fetch(`http://${host}:${port}/`)).rejects.toThrow();
  await close();
});

it('a pod’s environment names it by an address that works from inside, and refuses once nobody is there', async () => {
  const clusterIP = (await cluster.client.get(kinds.services, { namespace, name: 'store' })).spec.clusterIP;
  const env = [
    { name: 'STORE', value: 'http://store.default.svc:80/' },
    { name: 'LONG', value: 'http://store.default.svc.cluster.local' },
    { name: 'BY_IP', value: `http://${clusterIP}:80` },
  ];
  await cluster.createPod('user', { nodeName: 'node-1', containers: [fake('user', { env })] });
  const user = await cluster.podUntil('user', isReady);
  await cluster.happened('user', 'listening');
  const seen = JSON.parse(await ask(user, '/env'));
  expect(seen.LONG).toBe(seen.STORE.replace(':80/', ''));
  expect(seen.BY_IP).toBe(seen.STORE.replace(/\/$/, ''));
  await expect(fetch(seen.STORE)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  await begin('s1');
  await eventually(async () => (await nameBehind(seen.BY_IP)) === 's1');
});

it('its ready pods take turns, and one that is not ready gets nothing', async () => {
  const two = await begin('s2');
  const { host, port } = await access.openService('default', 'store', 'http');
  const url = `http://${host}:${port}`;
  await eventually(async () => new Set([await nameBehind(url), await nameBehind(url)]).size === 2);
  await ask(two, '/set?path=/ready&status=503');
  await cluster.podUntil('s2', (pod) => !isReady(pod));
  await eventually(async () =>
    [await nameBehind(url), await nameBehind(url), await nameBehind(url)].every((name) => name === 's1'),
  );
  expect(access.endpointOf('default', 'store', 80)).toEqual({
    host: (await cluster.pod('s1')).status?.podIP,
    port: 8000,
  });
});
