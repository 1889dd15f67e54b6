// The pod that an InferenceDeployment asks for, field by field: sidecar, probes, what is passed on as it is. GPUs: operator-desired-gpu.test.ts.
import { expect, test } from 'vitest';
import type { Deployment } from '../../operator/api/kubernetes.ts';
import { readSettings } from '../../runtime/settings.ts';
import { SETTINGS_PREFIX, sidecarSettings } from '../../sidecar/contract.ts';
import { environment, type Json, made, one, podOf, secretOf } from '../support/desired.ts';
import { settings } from '../support/inference-deployment.ts';

test('the sidecar understands every variable it is given, and reads back what spec says', () => {
  const pod = podOf({
    container: { image: 'm', port: 8001 },
    concurrency: 7,
    queue: {
      requestTtlSeconds: 60,
      maxLength: 5,
      resultTtlSeconds: 70,
      maxBodyBytes: '64Mi',
      maxStoredBytes: '2Gi',
      maxAttempts: 2,
    },
    healthCheck: { path: '/up', port: 8002, periodSeconds: 4, timeoutSeconds: 2, failureThreshold: 9 },
    webhooks: { secretName: 'hooks', allowedHosts: [{ host: 'a.example' }, { host: 'b.svc', allowPrivate: true }] },
    auth: { secretName: 'keys' },
    cors: {
      allowedOrigins: ['https://app.example.com', 'http://localhost:3000'],
      allowedHeaders: ['Authorization', 'Content-Type'],
      exposedHeaders: ['X-Request-Id'],
      maxAgeSeconds: 60,
    },
    sidecar: { logLevel: 'debug' },
  });
  const secrets = { SIDECAR_ADMIN_TOKEN: 'token', SIDECAR_STORE: 'redis://redis:6379/0' };
  const read = readSettings(SETTINGS_PREFIX, sidecarSettings, { ...environment(pod), ...secrets }, []);
  expect(read).toMatchObject({
    name: 'llama',
    namespace: 'models',
    port: 8080,
    adminPort: 9090,
    upstream: 'http://127.0.0.1:8001',
    concurrency: 7,
    requestTtlSeconds: 60,
    maxQueue: 5,
    resultTtlSeconds: 70,
    maxBodyBytes: 64 * 2 ** 20,
    maxStoredBytes: 2 * 2 ** 30,
    maxAttempts: 2,
    healthPath: '/up',
    healthPort: 8002,
    healthPeriodSeconds: 4,
    healthTimeoutSeconds: 2,
    healthFailureThreshold: 9,
    webhookAllowedHosts: [
      { host: 'a.example', allowPrivate: false },
      { host: 'b.svc', allowPrivate: true },
    ],
    webhookSecretsDir: '/etc/inference/webhooks',
    authKeysDir: '/etc/inference/keys',
    corsAllowedOrigins: ['https://app.example.com', 'http://localhost:3000'],
    corsAllowedHeaders: ['Authorization', 'Content-Type'],
    corsExposedHeaders: ['X-Request-Id'],
    corsMaxAgeSeconds: 60,
    drainSeconds: 60,
    logLevel: 'debug',
  });
  expect(pod.volumes).toEqual([
    { name: 'inference-keys', secret: { secretName: 'keys' } },
    { name: 'inference-webhooks', secret: { secretName: 'hooks' } },
  ]);
});

test('the sidecar is a native sidecar under restricted pod security, with a startup probe of its own', () => {
  const sidecar = podOf().initContainers[0];
  expect(sidecar).toMatchObject({
    name: 'sidecar',
    image: 'sidecar:1',
    restartPolicy: 'Always',
    startupProbe: { httpGet: { path: '/healthz', port: 9090 } },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  });
  // The model starts a second after the sidecar listens, and two slow minutes are no reason to start it again.
  expect(sidecar.startupProbe).toMatchObject({ periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 120 });
  expect(sidecar.lifecycle.postStart.exec.command.slice(0, 2)).toEqual(['/nodejs/bin/node', '--eval']);
  expect(sidecar.lifecycle.preStop.exec.command.slice(0, 2)).toEqual(
    sidecar.lifecycle.postStart.exec.command.slice(0, 2),
  );
});

test('the sidecar is as the operator was installed, or as spec.sidecar says', () => {
  const installed = settings({
    OPERATOR_SIDECAR_IMAGE_PULL_POLICY: 'Always',
    OPERATOR_SIDECAR_IMAGE_PULL_SECRETS: 'both,theirs',
    OPERATOR_SIDECAR_RESOURCES: '{"requests":{"cpu":"1"}}',
    OPERATOR_SIDECAR_LOG_LEVEL: 'warn',
  });
  const plain = podOf({ imagePullSecrets: [{ name: 'own' }, { name: 'both' }] }, { settings: installed });
  expect(plain.initContainers[0]).toMatchObject({ image: 'sidecar:1', imagePullPolicy: 'Always' });
  expect(plain.initContainers[0].resources).toEqual({ requests: { cpu: '1' } });
  expect(environment(plain).SIDECAR_LOG_LEVEL).toBe('warn');
  expect(plain.imagePullSecrets).toEqual([{ name: 'own' }, { name: 'both' }, { name: 'theirs' }]);
  expect(podOf({}, { settings: installed }).imagePullSecrets).toEqual([{ name: 'both' }, { name: 'theirs' }]);
  const sidecar = { image: 'mine:2', logLevel: 'trace', resources: { limits: { memory: '1Gi' } } };
  const own = podOf({ sidecar }, { settings: installed });
  expect(own.initContainers[0].image).toBe('mine:2');
  expect(own.initContainers[0].resources).toEqual({ limits: { memory: '1Gi' } });
  expect(environment(own).SIDECAR_LOG_LEVEL).toBe('trace');
});

test('secrets reach the sidecar by reference: the store’s only where it is shared, password and CA only where there are any', () => {
  const references = (spec: Json, env: Record<string, string>) => {
    const input = { settings: settings(env) };
    const name = secretOf(spec, input).metadata.name;
    return podOf(spec, input)
      .initContainers[0].env.filter(({ valueFrom }: Json) => valueFrom?.secretKeyRef.name === name)
      .map(({ name, valueFrom }: Json) => `${name}=${valueFrom.secretKeyRef.key}`);
  };
  const token = 'SIDECAR_ADMIN_TOKEN=admin-token';
  const store = 'SIDECAR_STORE=store';
  const locked = { OPERATOR_STORE_PASSWORD: 'secret', OPERATOR_STORE_CA: 'PEM' };
  expect(references({}, {})).toEqual([token, store]);
  expect(references({}, locked)).toEqual([
    token,
    store,
    'SIDECAR_STORE_PASSWORD=store-password',
    'SIDECAR_STORE_CA=store-ca',
  ]);
  expect(references({ queue: { store: 'embedded' } }, locked)).toEqual([token]);
});

test('the sidecar sees its volumes where its settings say', () => {
  const pod = podOf({
    queue: { store: 'embedded' },
    auth: { secretName: 'keys' },
    webhooks: { secretName: 'hooks', allowedHosts: [{ host: 'a.example' }] },
  });
  const { SIDECAR_DATA_DIR, SIDECAR_AUTH_KEYS_DIR, SIDECAR_WEBHOOK_SECRETS_DIR } = environment(pod);
  expect(pod.initContainers[0].volumeMounts).toEqual([
    { name: 'inference-data', mountPath: SIDECAR_DATA_DIR },
    { name: 'inference-keys', mountPath: SIDECAR_AUTH_KEYS_DIR, readOnly: true },
    { name: 'inference-webhooks', mountPath: SIDECAR_WEBHOOK_SECRETS_DIR, readOnly: true },
  ]);
  expect(podOf().initContainers[0].volumeMounts).toEqual([]);
  // Hosts without secrets: webhooks go unsigned, and nothing is mounted for them.
  expect(podOf({ webhooks: { allowedHosts: [{ host: 'a.example' }] } }).volumes).toBeUndefined();
});

test('a health check that is switched off asks nothing', () => {
  expect(environment(podOf({ healthCheck: { enabled: false } })).SIDECAR_HEALTH_PATH).toBe('');
});

test('the last lines of a container that crashes reach its status', () => {
  const { initContainers, containers } = podOf();
  expect([...initContainers, ...containers].map((container) => container.terminationMessagePolicy)).toEqual([
    'FallbackToLogsOnError',
    'FallbackToLogsOnError',
  ]);
});

test('the model container is probed and waited for through the sidecar, by port number; the sidecar alone shows its token', () => {
  const model = podOf({ healthCheck: { startupTimeoutSeconds: 61 } }).containers[0];
  expect(model.startupProbe).toMatchObject({
    httpGet: { path: '/startup', port: 9090 },
    periodSeconds: 5,
    failureThreshold: 13,
  });
  expect(model.livenessProbe).toMatchObject({
    httpGet: { path: '/live', port: 9090 },
    terminationGracePeriodSeconds: 30,
  });
  // The sidecar has counted failures already; and one that leaves is to be known as unready within a drain's last seconds.
  expect(model.readinessProbe).toMatchObject({
    httpGet: { path: '/ready', port: 9090 },
    periodSeconds: 1,
    failureThreshold: 1,
  });
  expect(model.lifecycle.preStop.httpGet).toEqual({ path: '/drain', port: 9090, scheme: 'HTTP' });
  expect(podOf().initContainers[0].lifecycle.preStop.exec.command.at(-1)).toMatch(/POST.*SIDECAR_ADMIN_TOKEN/);
});

test.each([
  ['the request TTL', {}, 300 + 30],
  ['what spec says', { shutdownGraceSeconds: 10 }, 40],
  ['a day at most', { queue: { requestTtlSeconds: 604_800 } }, 86_400 + 30],
])('the pod gets a grace of %s and a margin', (_name, spec, seconds) => {
  const pod = podOf(spec);
  expect(pod.terminationGracePeriodSeconds).toBe(seconds);
  expect(environment(pod).SIDECAR_DRAIN_SECONDS).toBe(String(seconds - 30));
});

test('shared memory is a memory volume at /dev/shm beside the own volumes', () => {
  const pod = podOf({
    gpu: { sharedMemory: '16Gi' },
    volumes: [{ name: 'cache', hostPath: { path: '/c' } }],
    container: { image: 'm', volumeMounts: [{ name: 'cache', mountPath: '/root/.cache' }] },
  });
  expect(pod.volumes).toEqual([
    { name: 'cache', hostPath: { path: '/c' } },
    { name: 'inference-shm', emptyDir: { medium: 'Memory', sizeLimit: '16Gi' } },
  ]);
  expect(pod.containers[0].volumeMounts).toEqual([
    { name: 'cache', mountPath: '/root/.cache' },
    { name: 'inference-shm', mountPath: '/dev/shm' },
  ]);
});

test('a container’s fields are passed on as they are, also those of a later Kubernetes', () => {
  const container = {
    image: 'm',
    command: ['a'],
    args: ['b'],
    workingDir: '/w',
    env: [{ name: 'A', value: 'b' }],
    envFrom: [{ secretRef: { name: 's' } }],
    imagePullPolicy: 'Always',
    securityContext: { runAsUser: 0, allowPrivilegeEscalation: true, capabilities: { drop: ['ALL'] } },
    resources: { requests: { cpu: 2 }, limits: { memory: '1Gi' } },
  };
  const { resources, ...others } = container;
  const model = podOf({ container, gpu: { count: 1 } }).containers[0];
  expect(model).toMatchObject(others);
  expect(model.ports).toEqual([{ name: 'model', containerPort: 8000, protocol: 'TCP' }]);
  expect(model.resources).toEqual({ requests: { cpu: 2 }, limits: { memory: '1Gi', 'nvidia.com/gpu': '1' } });
  expect(model.port).toBeUndefined();
});

test('pod fields are passed through, and our labels win', () => {
  const template = (
    one(
      made({
        podLabels: { team: 'a' },
        podAnnotations: { note: 'b' },
        nodeSelector: { zone: 'x' },
        topologySpreadConstraints: [{ maxSkew: 1 }],
        priorityClassName: 'high',
        runtimeClassName: 'nvidia',
        serviceAccountName: 'loader',
        imagePullSecrets: [{ name: 'registry' }],
      }),
      'Deployment',
    ) as Deployment
  ).spec.template as unknown as Json;
  expect(template.metadata.labels).toMatchObject({ team: 'a', 'inference-operator.dev/name': 'llama' });
  expect(template.metadata.annotations).toMatchObject({
    note: 'b',
    'kubectl.kubernetes.io/default-container': 'model',
  });
  expect(template.spec).toMatchObject({
    nodeSelector: { zone: 'x' },
    topologySpreadConstraints: [{ maxSkew: 1 }],
    priorityClassName: 'high',
    runtimeClassName: 'nvidia',
    serviceAccountName: 'loader',
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    imagePullSecrets: [{ name: 'registry' }],
  });
  expect(podOf().automountServiceAccountToken).toBe(false);
});

test('sidecars are told where traces go, and nothing where nobody wants any', () => {
  const traced = { settings: settings({ OPERATOR_SIDECAR_TRACES_ENDPOINT: 'http://collector:4318' }) };
  expect(environment(podOf({}, traced)).SIDECAR_TRACES_ENDPOINT).toBe('http://collector:4318');
  expect(environment(podOf())).not.toHaveProperty('SIDECAR_TRACES_ENDPOINT');
});

test.each([
  ['vllm/vllm-openai', undefined, 'Always'],
  ['registry:5000/team/model', undefined, 'Always'],
  ['model:latest', undefined, 'Always'],
  ['registry:5000/team/model:v1', undefined, 'IfNotPresent'],
  ['model@sha256:0123', undefined, 'IfNotPresent'],
  ['model:latest', 'Never', 'Never'],
])('%s with the policy %s is pulled %s, whatever image was there before', (image, imagePullPolicy, expected) => {
  expect(podOf({ container: { image, port: 8000, imagePullPolicy } }).containers[0].imagePullPolicy).toBe(expected);
});
