// What an InferenceDeployment asks for beside its pod: the Deployment, its store, Service, policy, budget, Ingress and monitor.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { storeFingerprint } from '../../operator/desired/secret.ts';
import { environment, type Json, made, one, podOf, secretOf } from '../support/desired.ts';
import { settings } from '../support/inference-deployment.ts';

test('the smallest manifest makes a policy, two Services, a Deployment and a PodMonitor, all owned and labelled', () => {
  const children = made();
  expect(children.map((child) => `${child.kind}/${child.metadata.name}`)).toEqual([
    'NetworkPolicy/llama',
    'Service/llama',
    'Service/llama-pods',
    'Deployment/llama',
    'PodMonitor/llama',
  ]);
  for (const child of children) {
    expect(child.metadata.namespace).toBe('models');
    expect(child.metadata.labels).toMatchObject({
      'inference-operator.dev/name': 'llama',
      'app.kubernetes.io/managed-by': 'inference-operator',
    });
    expect(child.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'inference-operator.dev/v1alpha1',
        kind: 'InferenceDeployment',
        name: 'llama',
        uid: 'uid-of-llama',
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
  }
});

test('the same input gives the same bytes', () => {
  expect(JSON.stringify(made())).toBe(JSON.stringify(made()));
});

test('the store’s address lies in a Secret of another name for another store, and a change of it rolls the pods', () => {
  const elsewhere = settings({
    OPERATOR_STORE_URL: 'redis://other',
    OPERATOR_STORE_PASSWORD: 'secret',
    OPERATOR_STORE_CA: 'PEM',
  });
  const [before, after] = [secretOf(), secretOf({}, { settings: elsewhere })];
  const decode = (text: string) => Buffer.from(text, 'base64').toString();
  const content = Object.entries(after.data as Record<string, string>).map(([key, value]) => [key, decode(value)]);
  expect(Object.fromEntries(content)).toEqual({
    'admin-token': 'token',
    store: 'redis://other',
    'store-password': 'secret',
    'store-ca': 'PEM',
  });
  expect(Object.keys(before.data)).toEqual(['admin-token', 'store']);
  expect(Object.keys(secretOf({ queue: { store: 'embedded' } }).data)).toEqual(['admin-token']);
  expect([after.metadata.name === before.metadata.name, after.immutable]).toEqual([false, true]);
  const template = JSON.stringify(one(made({}, { settings: elsewhere }), 'Deployment').spec.template);
  expect(template).toContain(after.metadata.name);
  expect(template).not.toBe(JSON.stringify(one(made(), 'Deployment').spec.template));
});

test('nobody who may read pods reads a secret there, or can find out a password by guessing', () => {
  const env = { OPERATOR_STORE_URL: 'redis://u:in-the-address@r', OPERATOR_STORE_PASSWORD: 'the-password' };
  const input = { settings: { ...settings(env), storeFingerprint: storeFingerprint(settings(env)) } };
  const deployment = JSON.stringify(one(made({ auth: { secretName: 'keys' } }, input), 'Deployment'));
  for (const word of ['in-the-address', 'the-password', 'Bearer ey', 'httpHeaders'])
    expect(deployment).not.toContain(word);
  // A digest that costs nothing to compute is as good as the password to who has a list of words.
  const quick = createHash('sha256').update(JSON.stringify([env.OPERATOR_STORE_URL, env.OPERATOR_STORE_PASSWORD, '']));
  expect(deployment).not.toContain(quick.digest('hex').slice(0, 8));
});

test('the embedded store has a directory of its own, and with persistence a claim that one pod mounts', () => {
  const bare = podOf({ queue: { store: 'embedded' } });
  expect(bare.volumes).toEqual([{ name: 'inference-data', emptyDir: {} }]);
  expect(environment(bare).SIDECAR_DATA_DIR).toBe('/data');
  expect(JSON.stringify(bare)).not.toContain('"SIDECAR_STORE"');
  const children = made({ queue: { store: 'embedded', persistence: { size: '5Gi', storageClassName: 'fast' } } });
  expect(one(children, 'PersistentVolumeClaim', 'llama-queue').spec).toEqual({
    accessModes: ['ReadWriteOncePod'],
    storageClassName: 'fast',
    resources: { requests: { storage: '5Gi' } },
  });
  expect(one(children, 'Deployment').spec.strategy).toEqual({ type: 'Recreate' });
  expect(one(children, 'Deployment').spec.template.spec.securityContext).toMatchObject({ fsGroup: 65532 });
});

test('a claim has the access mode that spec asks for, and is bound to the volume that it names', () => {
  const persistence = { size: '5Gi', accessMode: 'ReadWriteOnce', volumeName: 'disk-7' } as const;
  const children = made({ queue: { store: 'embedded', persistence } });
  expect(one(children, 'PersistentVolumeClaim', 'llama-queue').spec).toEqual({
    accessModes: ['ReadWriteOnce'],
    // Left out, the default class would be written in, and the volume would not fit.
    storageClassName: '',
    volumeName: 'disk-7',
    resources: { requests: { storage: '5Gi' } },
  });
});

test.each([
  ['Surge', { maxSurge: 1, maxUnavailable: 0 }],
  ['Recreate', { maxSurge: 0, maxUnavailable: 1 }],
] as const)('%s becomes a rolling update of %o', (strategy, rollingUpdate) => {
  const deployment = one(made({}, { rollout: { strategy, reason: 'so' } }), 'Deployment');
  expect(deployment.spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate });
});

const itsPods = { 'inference-operator.dev/name': 'llama' };

test('a Deployment selects its pods, keeps few old templates, and gives a slow model its time and ten minutes', () => {
  const { metadata, spec } = one(made({ healthCheck: { startupTimeoutSeconds: 3600 } }), 'Deployment');
  expect(spec.selector).toEqual({ matchLabels: itsPods });
  expect(spec.revisionHistoryLimit).toBe(3);
  expect(spec.progressDeadlineSeconds).toBe(4200);
  expect(Object.keys(metadata.annotations).sort()).toEqual([
    'inference-operator.dev/rollout-reason',
    'inference-operator.dev/spec',
    'inference-operator.dev/template',
  ]);
});

test('pausing takes the pods and nothing else', () => {
  expect(one(made({ paused: true, replicas: 3 }), 'Deployment').spec.replicas).toBe(0);
  expect(one(made({ replicas: 3 }), 'Deployment').spec.replicas).toBe(3);
});

test('a budget for evictions exists from two replicas', () => {
  expect(one(made({ replicas: 1 }), 'PodDisruptionBudget')).toBeUndefined();
  expect(one(made({ replicas: 2 }), 'PodDisruptionBudget').spec).toEqual({
    maxUnavailable: 1,
    selector: { matchLabels: itsPods },
    // A pod that is broken anyway must not keep its node from being drained.
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  });
  expect(one(made({ replicas: 2, paused: true }), 'PodDisruptionBudget')).toBeUndefined();
});

test('the Service publishes pods that are not ready only while none is', () => {
  expect(one(made({}, { hasReadyPod: false }), 'Service').spec.publishNotReadyAddresses).toBe(true);
  expect(one(made({}, { hasReadyPod: true }), 'Service').spec.publishNotReadyAddresses).toBe(false);
});

test('one Service leads callers to the sidecars, one names each pod with its metrics, ready or not', () => {
  const http = { name: 'http', targetPort: 8080, protocol: 'TCP' };
  expect(one(made(), 'Service').spec).toEqual({
    selector: { ...itsPods, 'app.kubernetes.io/name': 'inference-deployment' },
    publishNotReadyAddresses: false,
    ports: [{ ...http, port: 80 }],
  });
  const each = one(made(), 'Service', 'llama-pods');
  expect(each.spec).toEqual({
    clusterIP: 'None',
    selector: itsPods,
    publishNotReadyAddresses: true,
    ports: [
      { ...http, port: 8080 },
      { name: 'metrics', port: 9090, targetPort: 9090, protocol: 'TCP' },
    ],
  });
  expect(each.metadata.labels['app.kubernetes.io/component']).toBe('metrics');
});

test('only the sidecar’s ports are open, its admin port to those who are named, unless policies are switched off', () => {
  const peers = [{ podSelector: { matchLabels: { app: 'operator' } } }];
  const closed = { settings: settings({ OPERATOR_ADMIN_PEERS: JSON.stringify(peers) }) };
  expect(one(made({ container: { image: 'm', port: 8000 } }, closed), 'NetworkPolicy').spec).toEqual({
    podSelector: { matchLabels: itsPods },
    policyTypes: ['Ingress'],
    ingress: [{ ports: [{ port: 8080, protocol: 'TCP' }] }, { ports: [{ port: 9090, protocol: 'TCP' }], from: peers }],
  });
  expect(
    one(made({}, { settings: settings({ OPERATOR_NETWORK_POLICIES: 'false' }) }), 'NetworkPolicy'),
  ).toBeUndefined();
});

test('an Ingress has the public prefix and the two reserved paths', () => {
  const ingress = one(
    made({ ingress: { host: 'm.example', className: 'nginx', annotations: { a: 'b' }, tls: { secretName: 't' } } }),
    'Ingress',
  );
  expect(ingress.metadata.annotations).toEqual({ a: 'b' });
  expect(ingress.spec.ingressClassName).toBe('nginx');
  expect(ingress.spec.tls).toEqual([{ hosts: ['m.example'], secretName: 't' }]);
  expect(ingress.spec.rules.map(({ host }: Json) => host)).toEqual(['m.example']);
  for (const { backend } of ingress.spec.rules[0].http.paths) {
    expect(backend).toEqual({ service: { name: 'llama', port: { number: 80 } } });
  }
  expect(ingress.spec.rules[0].http.paths.map((p: Json) => [p.path, p.pathType])).toEqual([
    ['/status/llama', 'Exact'],
    ['/result/llama', 'Exact'],
    ['/llama', 'Prefix'],
  ]);
});

test('an Ingress without class and certificate leaves both to the cluster', () => {
  const { spec } = one(made({ ingress: { host: 'm.example', tls: {} } }), 'Ingress');
  expect(Object.keys(spec).sort()).toEqual(['rules', 'tls']);
  expect(spec.tls).toEqual([{ hosts: ['m.example'] }]);
  expect(Object.keys(one(made({ ingress: { host: 'm.example' } }), 'Ingress').spec)).toEqual(['rules']);
});

test('a PodMonitor is made where that API is', () => {
  expect(one(made(), 'PodMonitor').spec).toEqual({
    selector: { matchLabels: itsPods },
    podMetricsEndpoints: [
      {
        port: 'metrics',
        path: '/metrics',
        honorLabels: true,
      },
    ],
  });
  const labelled = { settings: settings({ OPERATOR_POD_MONITOR_LABELS: 'release=prometheus' }) };
  expect(one(made({}, labelled), 'PodMonitor').metadata.labels.release).toBe('prometheus');
  expect(one(made({}, { hasPodMonitorApi: false }), 'PodMonitor')).toBeUndefined();
});
