// What the chart closes by default: the policy that the operator is given, the ports, the way to Redis.
import { expect, it } from 'vitest';
import { operatorSettings, SETTINGS_PREFIX } from '../../operator/config.ts';
import type { DesiredInput } from '../../operator/desired/input.ts';
import { networkPolicy } from '../../operator/desired/network.ts';
import { restrictedPolicy } from '../../operator/policy/policy.ts';
import { readSettings } from '../../runtime/settings.ts';
import { find, type Rendered, refusal, render } from '../support/chart.ts';
import { inferenceDeployment } from '../support/inference-deployment.ts';

async function settingsOf(values: unknown) {
  const [container] = find(await render({ values }), 'Deployment').spec.template.spec.containers;
  const stated = container.env.filter(({ value }: Rendered) => value !== undefined);
  const environment = Object.fromEntries(stated.map(({ name, value }: Rendered) => [name, value]));
  return { settings: readSettings(SETTINGS_PREFIX, operatorSettings, environment, []), container };
}
const adminRule = (settings: Rendered): Rendered => {
  const policy = networkPolicy({ owner: inferenceDeployment(), settings } as unknown as DesiredInput) as Rendered;
  return policy.spec.ingress.find(({ ports }: Rendered) => ports.some(({ port }: Rendered) => port === 9090));
};
/** Whether a NetworkPolicyPeer of labels alone takes a pod, as Kubernetes reads it. */
const takes = (peer: Rendered, namespace: Rendered, pod: Rendered): boolean =>
  Object.entries(peer.namespaceSelector?.matchLabels ?? {}).every(([key, value]) => namespace[key] === value) &&
  Object.entries(peer.podSelector?.matchLabels ?? {}).every(([key, value]) => pod[key] === value);

it('is given a policy that restricts, and one with more where the values say so', async () => {
  expect((await settingsOf({})).settings.policy).toEqual(restrictedPolicy);
  const policy = { allowPrivileged: true, allowHostPaths: ['/mnt'] };
  expect((await settingsOf({ policy })).settings.policy).toEqual({ ...restrictedPolicy, ...policy });
  expect(await refusal({ policy: { allowPriviledged: true } })).toContain('allowPriviledged');
  expect(await refusal({ policy: { allowHostPaths: ['mnt'] } })).toContain('allowHostPaths');
});

it.each([
  [{}, ['demo-inference-operator-redis', 'demo-inference-operator-redis-tls']],
  [{ redis: { auth: { existingSecret: 'mine' }, tls: { existingSecret: 'cert' } } }, ['mine', 'cert']],
  [{ redis: { enabled: false }, externalRedis: { existingSecret: 'theirs' } }, ['theirs']],
  [{ redis: { enabled: false } }, []],
])('with %j it knows which Secrets of the release nobody may name', async (values, names) => {
  expect((await settingsOf(values)).settings.protectedSecrets).toEqual(names);
});

it('port 9090 of a model pod takes the operator and Prometheus, and no other pod', async () => {
  const { from } = adminRule((await settingsOf({})).settings);
  const pods = find(await render(), 'Deployment').spec.template.metadata.labels;
  const isAllowed = (namespace: string, labels: Rendered) =>
    from.some((peer: Rendered) => takes(peer, { 'kubernetes.io/metadata.name': namespace }, labels));
  expect(isAllowed('inference-system', pods)).toBe(true);
  expect(isAllowed('monitoring', { 'app.kubernetes.io/name': 'prometheus' })).toBe(true);
  // The same labels in a tenant's namespace are not the operator.
  expect(isAllowed('models', pods)).toBe(false);
  expect(isAllowed('models', { 'app.kubernetes.io/name': 'notebook' })).toBe(false);
  expect(isAllowed('inference-system', {})).toBe(false);
});

it('the operator’s own port takes its namespace and Prometheus', async () => {
  const objects = await render();
  const { spec } = objects.find(
    ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'demo-inference-operator',
  )!;
  expect(spec.ingress[0].ports).toEqual([{ protocol: 'TCP', port: 9090 }]);
  expect(spec.ingress[0].from).toContainEqual({ podSelector: {} });
  expect(find(objects, 'Deployment').spec.template.metadata.labels).toMatchObject(spec.podSelector.matchLabels);
});

it('the way to Redis is encrypted, and the operator trusts the certificate that the chart made', async () => {
  const { settings, container } = await settingsOf({});
  expect(settings.storeUrl).toMatch(/^rediss:/);
  expect(container.env.find(({ name }: Rendered) => name === 'OPERATOR_STORE_CA').valueFrom.secretKeyRef.key).toBe(
    'ca.crt',
  );
  const configuration = find(await render(), 'ConfigMap', '-redis').data['redis.conf'];
  expect(configuration).toMatch(/^port 0$/m);
});
