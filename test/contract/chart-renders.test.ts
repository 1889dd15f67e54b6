// Every way of installing the chart renders, hangs together, and keeps to Kubernetes' restricted Pod Security Standard.
import { beforeAll, describe, expect, it } from 'vitest';
import { chartDir, clusterScoped, find, helm, podSpecs, type Rendered, refusal, render } from '../support/chart.ts';
import { chartVariants } from '../support/chart-variants.ts';

const givenByPeople = new Set([
  'Secret mine',
  'Secret mine-tls',
  'Secret store',
  'Secret pull',
  'ServiceAccount given',
]);

it('passes helm lint --strict', async () => {
  expect(await helm('lint', '--strict', chartDir)).toContain('0 chart(s) failed');
});

describe.each(Object.entries(chartVariants))('%s', (_, values) => {
  let objects: readonly Rendered[] = [];
  beforeAll(async () => {
    objects = await render({ values });
  });

  it('renders objects of different names, each in the namespace it belongs to', () => {
    const keys = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { kind, apiVersion, metadata } of objects) {
      expect(apiVersion, kind).toMatch(/^([a-z0-9.-]+\/)?v\d/);
      expect(metadata.namespace === undefined, `${kind} ${metadata.name} has a namespace`).toBe(
        clusterScoped.has(kind),
      );
      expect(metadata.labels['app.kubernetes.io/instance'], `${kind} ${metadata.name}`).toBe('demo');
    }
  });

  it('refers only to Secrets, ConfigMaps and service accounts that are there', () => {
    const present = new Set([...givenByPeople, ...objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)]);
    const wanted = podSpecs(objects).flatMap(({ spec }) => references(spec));
    expect(wanted.filter((reference) => !present.has(reference))).toEqual([]);
  });

  it('selects with every selector the pods that it means', () => {
    for (const { kind, metadata, spec } of objects) {
      const selector = kind === 'Service' ? spec.selector : spec?.selector?.matchLabels;
      if (selector === undefined) continue;
      const chosen = objects.filter((object) => matches(selector, object.spec?.template?.metadata?.labels));
      expect(chosen, `${kind} ${metadata.name}`).toHaveLength(1);
    }
  });

  it('is accepted by restricted Pod Security', () => {
    const pods = podSpecs(objects);
    expect(pods.length).toBeGreaterThanOrEqual(2);
    for (const { owner, spec } of pods) {
      expect(spec.securityContext, owner).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(spec.hostNetwork ?? spec.hostPID ?? spec.hostIPC, owner).toBeUndefined();
      for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
        expect(container.securityContext, owner).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.limits.memory, `${owner} memory limit`).toBeDefined();
      }
    }
  });
});

it.each(['1.29.0', '1.31.4', '1.36.0', '1.30.5-eks-abcdef'])('renders for Kubernetes %s', async (kubeVersion) => {
  expect((await render({ kubeVersion })).length).toBeGreaterThan(10);
});

it('refuses a Kubernetes without native sidecars', async () => {
  expect(await refusal({}, { kubeVersion: '1.28.9' })).toContain('>=1.29.0-0');
});

it('makes monitors and rules where the cluster has those kinds, unless told otherwise', async () => {
  const kinds = async (apiVersions: readonly string[], enabled: unknown) =>
    (await render({ apiVersions, values: { monitoring: { podMonitor: { enabled }, prometheusRule: { enabled } } } }))
      .filter(({ apiVersion }) => apiVersion === 'monitoring.coreos.com/v1')
      .map(({ kind }) => kind)
      .sort();
  const both = ['PodMonitor', 'PrometheusRule'];
  const served = both.map((kind) => `monitoring.coreos.com/v1/${kind}`);
  expect(await kinds([], 'auto')).toEqual([]);
  expect(await kinds(served, 'auto')).toEqual(both);
  expect(await kinds(served, false)).toEqual([]);
  expect(await kinds([], true)).toEqual(both);
});

it('names images by registry, tag or digest', async () => {
  const objects = await render({ values: chartVariants['a private registry'] });
  const operator = find(objects, 'Deployment').spec.template.spec;
  expect(operator.containers[0].image).toBe('registry.example.com/ml/inference-operator/operator:0.1.0');
  const sidecar = operator.containers[0].env.find(({ name }: Rendered) => name === 'OPERATOR_SIDECAR_IMAGE').value;
  expect(sidecar).toBe(`registry.example.com/ml/inference-operator/sidecar@sha256:${'a'.repeat(64)}`);
  for (const { owner, spec } of podSpecs(objects)) expect(spec.imagePullSecrets, owner).toEqual([{ name: 'pull' }]);
});

it('keeps one operator during a drain and a rollout', async () => {
  const objects = await render();
  expect(find(objects, 'Deployment').spec).toMatchObject({
    replicas: 2,
    strategy: { rollingUpdate: { maxUnavailable: 0 } },
  });
  expect(find(objects, 'PodDisruptionBudget', '-inference-operator').spec.maxUnavailable).toBe(1);
  const single = await render({ values: { operator: { replicas: 1 } } });
  expect(
    single.filter(({ kind, metadata }) => kind === 'PodDisruptionBudget' && !metadata.name.endsWith('redis')),
  ).toEqual([]);
});

it('puts no two operators on one node while another takes them, and leaves a lost node after 30 seconds', async () => {
  const { spec } = find(await render(), 'Deployment').spec.template;
  expect(spec.topologySpreadConstraints).toEqual([
    expect.objectContaining({
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      nodeTaintsPolicy: 'Honor',
      matchLabelKeys: ['pod-template-hash'],
    }),
  ]);
  for (const taint of ['not-ready', 'unreachable']) {
    expect(spec.tolerations).toContainEqual(
      expect.objectContaining({ key: `node.kubernetes.io/${taint}`, effect: 'NoExecute', tolerationSeconds: 30 }),
    );
  }
});

function references(spec: Rendered): readonly string[] {
  const containers = spec.containers as readonly Rendered[];
  return [
    ...(spec.serviceAccountName === undefined ? [] : [`ServiceAccount ${spec.serviceAccountName}`]),
    ...(spec.imagePullSecrets ?? []).map(({ name }: Rendered) => `Secret ${name}`),
    ...(spec.volumes ?? []).flatMap(({ secret, configMap }: Rendered) => [
      ...(secret === undefined ? [] : [`Secret ${secret.secretName}`]),
      ...(configMap === undefined ? [] : [`ConfigMap ${configMap.name}`]),
    ]),
    ...containers.flatMap(({ env }) =>
      (env ?? []).flatMap(({ valueFrom }: Rendered) =>
        valueFrom?.secretKeyRef === undefined ? [] : [`Secret ${valueFrom.secretKeyRef.name}`],
      ),
    ),
  ];
}

function matches(selector: Rendered, labels: Rendered): boolean {
  return labels !== undefined && Object.entries(selector).every(([key, value]) => labels[key] === value);
}
