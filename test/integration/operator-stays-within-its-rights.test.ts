// What the operator really asks of the API server, from its first list to the last deletion, is granted by the chart's roles.
// test/contract/chart-permissions.test.ts shows the other half: that nothing more is granted.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LoopbackCluster, startCluster } from '../../dev/cluster/start.ts';
import { operatorSettings, SETTINGS_PREFIX } from '../../operator/config.ts';
import { run } from '../../operator/run.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { readSettings } from '../../runtime/settings.ts';
import { type Rendered, render } from '../support/chart.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { prometheusDefinitions } from '../support/prometheus-kinds.ts';
import { grantedRights, neededRights } from '../support/rights.ts';

const namespace = 'inference-system';
let cluster: LoopbackCluster;
let home: string;
let line: CommandLine;
const stopping = new AbortController();
let running: Promise<void> = Promise.resolve();

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rights-'));
  cluster = await startCluster({ nodes: [{ name: 'gpu-1', gpus: { count: 4, product: 'NVIDIA-H100-80GB-HBM3' } }] });
  line = commandLine(cluster.kubeconfigPath, home);
  await line.kubectl(['create', 'namespace', namespace]);
  await line.kubectl(['apply', '-f', 'crds/inferencedeployment.yaml']);
  await line.kubectl(['apply', '-f', '-'], prometheusDefinitions.map((one) => JSON.stringify(one)).join('\n---\n'));
});

afterAll(async () => {
  stopping.abort();
  await running;
  await cluster.stop();
  await rm(home, { recursive: true, force: true });
});

const deployment = (name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'inference-operator.dev/v1alpha1',
    kind: 'InferenceDeployment',
    metadata: { name, namespace: 'default' },
    spec: { container: { image: 'inference-operator/echo' }, ...spec },
  });
const apply = (name: string, spec: object): Promise<string> =>
  line.kubectl(['apply', '-f', '-'], deployment(name, spec));
const items = async (kinds: string): Promise<readonly Rendered[]> =>
  JSON.parse(await line.kubectl(['get', kinds, '-l', 'app.kubernetes.io/managed-by=inference-operator', '-o', 'json']))
    .items;
const count = async (kind: string): Promise<number> => (await items(kind)).length;

it('asks for nothing that the chart does not grant', { timeout: 600_000 }, async () => {
  const env = { OPERATOR_SIDECAR_IMAGE: 'inference-operator/sidecar', OPERATOR_STORE_URL: 'redis://127.0.0.1:1/0' };
  const flags = [
    '--kubeconfig',
    cluster.kubeconfigPath,
    '--namespace',
    namespace,
    '--admin-port',
    '0',
    '--host',
    '127.0.0.1',
  ];
  const settings = readSettings(SETTINGS_PREFIX, operatorSettings, env, flags);
  running = run(stopping.signal, settings, { clock: systemClock, log: createLogger('operator', 'silent') });

  await apply('whole', { gpu: { count: 1 }, replicas: 2, ingress: { host: 'models.example.com' } });
  await apply('single', { gpu: { count: 0 }, queue: { store: 'embedded', persistence: { size: '1Gi' } } });
  await eventually(async () => expect(await count('pods')).toBe(3), { deadlineMs: 150_000, everyMs: 200 });
  for (const kind of ['ingress', 'pdb', 'pvc', 'networkpolicy', 'secret', 'podmonitor']) {
    await eventually(async () => expect(await count(kind), kind).toBeGreaterThan(0), {
      deadlineMs: 150_000,
      everyMs: 200,
    });
  }
  // Fewer replicas: a deletion cost, and no budget any more. No host: no Ingress. Another image: a rollout is chosen.
  await apply('whole', {
    gpu: { count: 1 },
    replicas: 1,
    container: { image: 'inference-operator/echo', args: ['--speed', '2'] },
  });
  await eventually(async () => expect((await count('pdb')) + (await count('ingress'))).toBe(0), {
    deadlineMs: 150_000,
    everyMs: 200,
  });
  await line.kubectl(['delete', 'infdep', '--all', '--wait=false']);
  await eventually(async () => expect(await count('deployment')).toBe(0), { deadlineMs: 150_000, everyMs: 200 });

  const roles = (await render({ namespace })).filter(
    ({ kind, metadata }) => /Role$/.test(kind) && !/-(edit|view)$/.test(metadata.name),
  );
  const granted = grantedRights(roles);
  const requests = cluster.api.requests.all().filter(({ userAgent }) => userAgent.startsWith('inference-operator'));
  const needed = new Set(requests.flatMap(({ method, path, code }) => neededRights(method, path, code === 201)));
  expect([...needed].filter((right) => !granted.has(right))).toEqual([]);
  // The story above is one in which most of them are used.
  expect([...needed]).toEqual(
    expect.arrayContaining([
      'patch pods',
      'list nodes',
      'create events',
      'delete ingresses.networking.k8s.io',
      'delete poddisruptionbudgets.policy',
      'create deployments.apps',
      'patch inferencedeployments.inference-operator.dev/status',
      'update leases.coordination.k8s.io',
      'watch replicasets.apps',
    ]),
  );
});
