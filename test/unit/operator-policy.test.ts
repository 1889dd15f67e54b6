// What an InferenceDeployment may ask for, a row each: refused under the default policy with a sentence that names field, value and the
// value of the chart, and allowed where that value says so.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Deployment } from '../../operator/api/kubernetes.ts';
import { type Policy, parsePolicy, restrictedPolicy } from '../../operator/policy/policy.ts';
import { violations } from '../../operator/policy/rules.ts';
import { explain } from '../../operator/policy/violation.ts';
import { type Json, podOf, secretOf } from '../support/desired.ts';
import { inferenceDeployment } from '../support/inference-deployment.ts';
import { pod } from '../support/pods.ts';
import { stable, ReconcileWorld as World } from '../support/reconcile-world.ts';

const names = { namespace: 'inference-system', secrets: ['redis', 'redis-tls'] };
const found = (spec: Json, policy: Partial<Policy> = {}, namespace = 'models') =>
  violations(inferenceDeployment({ spec, namespace }), { ...restrictedPolicy, ...policy }, names);
const secured = (securityContext: Json): Json => ({ container: { image: 'm', securityContext } });
const volume = (source: Json): Json => ({ volumes: [{ name: 'v', ...source }] });

const rows: readonly (readonly [string, Json, Partial<Policy>])[] = [
  ['securityContext.privileged', secured({ privileged: true }), { allowPrivileged: true }],
  ['allowPrivilegeEscalation', secured({ allowPrivilegeEscalation: true }), { allowPrivilegeEscalation: true }],
  ['procMount', secured({ procMount: 'Unmasked' }), { allowUnconfined: true }],
  ['seccompProfile.type', secured({ seccompProfile: { type: 'Unconfined' } }), { allowUnconfined: true }],
  ['appArmorProfile.type', secured({ appArmorProfile: { type: 'Unconfined' } }), { allowUnconfined: true }],
  ['seLinuxOptions.type', secured({ seLinuxOptions: { type: 'spc_t' } }), { allowUnconfined: true }],
  ['seLinuxOptions.user', secured({ seLinuxOptions: { user: 'system_u' } }), { allowUnconfined: true }],
  ['seLinuxOptions.role', secured({ seLinuxOptions: { role: 'system_r' } }), { allowUnconfined: true }],
  ['capabilities.add', secured({ capabilities: { add: ['NET_RAW'] } }), { allowCapabilities: ['NET_RAW'] }],
  ['capabilities.add', secured({ capabilities: { add: ['cap_sys_admin'] } }), { allowCapabilities: ['SYS_ADMIN'] }],
  ['capabilities.add', secured({ capabilities: { add: ['ALL'] } }), { allowCapabilities: ['*'] }],
  ['volumes[v].hostPath.path', volume({ hostPath: { path: '/mnt/models/a' } }), { allowHostPaths: ['/mnt/models'] }],
  ['volumes[v].hostPath.path', volume({ hostPath: { path: '/' } }), { allowHostPaths: ['/'] }],
  ['volumes[v]', volume({ csi: { driver: 'd' } }), { allowVolumeTypes: ['csi'] }],
  ['volumes[v]', volume({ nfs: { server: 's', path: '/' } }), { allowVolumeTypes: ['nfs'] }],
  ['volumes[v]', volume({ ofALaterKubernetes: {} }), { allowVolumeTypes: ['*'] }],
  ['serviceAccountName', { serviceAccountName: 'cluster-admin' }, { allowServiceAccounts: ['cluster-*'] }],
  ['sidecar.image', { sidecar: { image: 'evil/x:1' } }, { allowSidecarImages: ['evil/x:*'] }],
  ['runtimeClassName', { runtimeClassName: 'runc-host' }, { allowRuntimeClasses: ['runc-host'] }],
  ['priorityClassName', { priorityClassName: 'system-node-critical' }, { allowPriorityClasses: ['system-*'] }],
  ['tolerations', { tolerations: [{ operator: 'Exists' }] }, { allowTolerations: ['*'] }],
  [
    'tolerations',
    { tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }] },
    { allowTolerations: ['node-role.kubernetes.io/control-plane'] },
  ],
  [
    'ingress.annotations',
    { ingress: { host: 'h.example', annotations: { 'nginx.ingress.kubernetes.io/configuration-snippet': 'x' } } },
    { allowIngressAnnotations: ['nginx.ingress.kubernetes.io/*'] },
  ],
  [
    'podAnnotations',
    { podAnnotations: { 'container.apparmor.security.beta.kubernetes.io/model': 'unconfined' } },
    { allowPodAnnotations: ['container.apparmor.*'] },
  ],
  [
    'podAnnotations',
    { podAnnotations: { 'k8s.v1.cni.cncf.io/networks': 'admin-net' } },
    { allowPodAnnotations: ['*'] },
  ],
];

test.each(rows)('%s of %j is refused, and allowed by the value that the sentence names', (field, spec, policy) => {
  const [refused, ...others] = found(spec);
  expect(others).toEqual([]);
  expect(refused?.field).toMatch(
    new RegExp(`^spec\\..*${field.replace(/[[\]]/g, '\\$&')}$`.replace('spec\\..*', 'spec\\.(.*\\.)?')),
  );
  const [allowedBy = ''] = Object.keys(policy);
  expect(explain(found(spec))).toContain(`policy.${allowedBy} `);
  expect(explain(found(spec))).toContain(refused!.field);
  expect(found(spec, policy)).toEqual([]);
});

test.each([
  ['a container that runs as root', secured({ runAsUser: 0 })],
  [
    'one that keeps to restricted Pod Security',
    secured({ runAsNonRoot: true, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } }),
  ],
  ['capabilities of Pod Security baseline', secured({ capabilities: { add: ['CHOWN', 'CAP_SETUID'] } })],
  [
    'volumes of every usual kind',
    {
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'b', persistentVolumeClaim: { claimName: 'weights' } },
        { name: 'c', configMap: { name: 'c' } },
        { name: 'd', secret: { secretName: 'mine' } },
        { name: 'e' },
        { name: 'f', projected: { sources: [{ secret: { name: 'mine' } }] } },
      ],
    },
  ],
  ['the runtime class of NVIDIA', { runtimeClassName: 'nvidia' }],
  [
    'the taints of GPU pools',
    {
      tolerations: [
        { key: 'nvidia.com/gpu', operator: 'Exists' },
        { key: 'dedicated', value: 'ml' },
      ],
    },
  ],
  [
    'annotations that loosen nothing',
    {
      podAnnotations: { 'prometheus.io/scrape': 'true' },
      ingress: { host: 'h.example', annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': '0' } },
    },
  ],
] as const)('%s needs no permission', (_name, spec) => {
  expect(found(spec)).toEqual([]);
});

test('every example keeps to the default policy', () => {
  const files = readdirSync('examples').filter((name) => name.endsWith('.yaml'));
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const { spec } = parse(readFileSync(`examples/${file}`, 'utf8')) as { spec: Json };
    expect([file, found(spec)]).toEqual([file, []]);
  }
});

const sidecarSecret = secretOf({}, { owner: inferenceDeployment({ name: 'other' }) }).metadata.name as string;
const env = (name: string): Json => ({
  container: { image: 'm', env: [{ name: 'A', valueFrom: { secretKeyRef: { name, key: 'store' } } }] },
});
const references: Readonly<Record<string, (name: string) => Json>> = {
  'container.env': env,
  'container.envFrom': (name) => ({ container: { image: 'm', envFrom: [{ secretRef: { name } }] } }),
  'a volume': (name) => volume({ secret: { secretName: name } }),
  'a projected volume': (name) =>
    volume({ projected: { sources: [{ configMap: { name: 'c' } }, { secret: { name } }] } }),
  'a csi volume': (name) => volume({ csi: { driver: 'd', nodePublishSecretRef: { name } } }),
  'a volume of a driver with another spelling': (name) => volume({ azureFile: { secretName: name } }),
  'auth.secretName': (name) => ({ auth: { secretName: name } }),
  'webhooks.secretName': (name) => ({ webhooks: { secretName: name } }),
  imagePullSecrets: (name) => ({ imagePullSecrets: [{ name }] }),
  'ingress.tls.secretName': (name) => ({ ingress: { host: 'h.example', tls: { secretName: name } } }),
};
const everything = { allowVolumeTypes: ['*'] };

test.each(Object.entries(references))(
  'the Secret of a sidecar cannot be named in %s, whatever the policy',
  (_place, spec) => {
    for (const name of [sidecarSecret, 'other-sidecar']) {
      const [refused] = found(spec(name), everything);
      expect(refused).toMatchObject({ value: name, why: expect.stringContaining('operator’s') });
      expect(explain(found(spec(name), everything))).toContain(`must not be "${name}"`);
    }
    expect(found(spec('mine'), everything)).toEqual([]);
  },
);

test.each(Object.entries(references))(
  'nor can the Secrets of the operator’s release in %s, in their namespace',
  (_place, spec) => {
    for (const name of ['redis', 'redis-tls', 'sh.helm.release.v1.inference.v3']) {
      expect(found(spec(name), everything, 'inference-system')).toHaveLength(1);
      expect(found(spec(name), everything)).toEqual([]);
    }
  },
);

test('the claim of an embedded store, one’s own too, cannot be mounted: it holds the requests of all callers', () => {
  for (const claimName of ['llama-queue', 'other-queue']) {
    expect(explain(found(volume({ persistentVolumeClaim: { claimName } })))).toContain(
      'persistentVolumeClaim.claimName',
    );
  }
});

test('a path cannot climb out of an allowed folder', () => {
  for (const path of ['/mnt/models/../../etc', '/mnt/models-of-others', '/mnt', '']) {
    expect(found(volume({ hostPath: { path } }), { allowHostPaths: ['/mnt/models'] })).toHaveLength(1);
  }
});

test('a token of the namespace’s default service account is not projected', () => {
  const projected = volume({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } });
  expect(found(projected)).toHaveLength(1);
  expect(found({ ...projected, serviceAccountName: 'loader' }, { allowServiceAccounts: ['loader'] })).toEqual([]);
});

test('many violations make a sentence that can be read', () => {
  const add = Array.from({ length: 64 }, (_, index) => `X${index}${'y'.repeat(1_000)}`);
  const text = explain(found(secured({ capabilities: { add } })));
  expect(text).toContain('and 61 more');
  expect(text.length).toBeLessThan(1_500);
});

test('the model drops what it could listen to its sidecar with, and gains no rights, unless spec and policy say otherwise', () => {
  const context = (securityContext?: Json) =>
    podOf({ container: { image: 'm', ...(securityContext && { securityContext }) } }).containers[0].securityContext;
  expect(context()).toEqual({ allowPrivilegeEscalation: false, capabilities: { drop: ['NET_RAW'] } });
  expect(context({ runAsUser: 0, capabilities: { drop: ['MKNOD'] } })).toEqual({
    runAsUser: 0,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['MKNOD', 'NET_RAW'] },
  });
  expect(context({ capabilities: { drop: ['ALL'] } }).capabilities).toEqual({ drop: ['ALL'] });
  expect(context({ capabilities: { add: ['CAP_NET_RAW'] } }).capabilities).toEqual({ add: ['CAP_NET_RAW'] });
  // A real API server refuses these two together with false.
  expect(context({ privileged: true }).allowPrivilegeEscalation).toBeUndefined();
  expect(context({ capabilities: { add: ['SYS_ADMIN'] } }).allowPrivilegeEscalation).toBeUndefined();
});

test('model and sidecar share a network and nothing else: no processes, no volumes, no variables', () => {
  const spec = podOf({ auth: { secretName: 'keys' }, webhooks: { secretName: 'hooks' }, queue: { store: 'embedded' } });
  for (const key of ['shareProcessNamespace', 'hostPID', 'hostIPC', 'hostNetwork'])
    expect(spec).not.toHaveProperty(key);
  const mounted = (container: Json) => (container.volumeMounts ?? []).map((mount: Json) => mount.name);
  const [model, sidecar] = [spec.containers[0], spec.initContainers[0]];
  expect(mounted(model).filter((name: string) => mounted(sidecar).includes(name))).toEqual([]);
  expect(JSON.stringify(model)).not.toContain('-sidecar');
});

test('nothing is made for one that asks for too much, and status says what', async () => {
  const world = new World().has(inferenceDeployment({ spec: secured({ privileged: true }) }));
  expect((await world.reconcile()).kind).toBe('stalled');
  expect(world.client.summary).toEqual(['patch InferenceDeployment/llama/status']);
  expect(world.said('Progressing')).toContain('False:PolicyViolation: spec.container.securityContext.privileged');
  expect(world.said('Progressing')).toContain('policy.allowPrivileged of the operator');
  expect([world.status.phase, world.status.waitingFor]).toEqual(['Unhealthy', 'CorrectSpec']);
});

test('pods that run are left as they are; they may still be scaled down and paused', async () => {
  const world = await stable({ replicas: 2 });
  world.has(pod(), pod({ name: 'llama-2' }));
  world.edit({ replicas: 2, serviceAccountName: 'root' });
  await world.reconcile();
  expect(world.client.summary).toEqual(['patch InferenceDeployment/llama/status']);
  world.edit({ replicas: 2, serviceAccountName: 'root', paused: true });
  await world.reconcile();
  const deployment = world.client.objects.get('Deployment/llama') as Deployment;
  expect(deployment.spec.replicas).toBe(0);
});

test.each([
  ['no JSON', 'be JSON'],
  ['[]', 'be a JSON object'],
  ['{"allowAll": true}', 'hold no "allowAll"'],
  ['{"allowPrivileged": "yes"}', 'true or false as "allowPrivileged"'],
  ['{"allowHostPaths": "/mnt"}', 'a list of texts as "allowHostPaths"'],
])('a policy of %s is refused with what to write', (text, words) => {
  expect(() => parsePolicy(text)).toThrow(words);
});

test('what a policy leaves out is restricted', () => {
  expect(parsePolicy('{"allowPrivileged": true}')).toEqual({ ...restrictedPolicy, allowPrivileged: true });
  expect(parsePolicy('')).toEqual(restrictedPolicy);
});
