// Bench "operator": 1, 100 and 1,000 InferenceDeployments on the API server of the cluster on loopback. How long it takes until all is
// as it should be, what it costs, and that nothing is written when nothing changes. No nodes: pods are not what is measured.
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle, imageNodeFlags, projectDir } from '../../dev/bundle.ts';
import { type ApiServer, startApiServer } from '../../dev/cluster/api/api-server.ts';
import { clusterTools } from '../../dev/tools/kubectl-and-helm.ts';
import { ApiCaller } from '../support/api-call.ts';
import { type Bench, type BenchContext, nodeCommand } from './bench.ts';
import { atMost, type Figure, noMoreThan } from './figure.ts';
import { PinnedProcess } from './pinned-process.ts';

const sizes = [1, 100, 1000];
const quietMs = 3000;

interface Run {
  readonly convergedSeconds: number;
  readonly callsEach: number;
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  readonly steadyWrites: number;
  readonly callsOfChange: number;
  readonly writesOfRestart: number;
}

export const operatorScale: Bench = {
  name: 'operator',
  title: 'The operator: InferenceDeployments on one operator',
  packages: {},
  async run(context) {
    await bundle('operator', context.folder);
    // The API server runs in this process: off the core of the operator.
    spawnSync('taskset', ['-a', '-cp', String(context.cores.around), String(process.pid)]);
    const runs = new Map<number, Run>();
    for (const size of sizes) runs.set(size, await runOf(context, size));
    return figures(runs);
  },
};

async function runOf(context: BenchContext, size: number): Promise<Run> {
  const api = await startApiServer({
    kubeconfigPath: join(context.folder, `kubeconfig-${size}`),
    historyLength: 50_000,
  });
  const caller = new ApiCaller(api.kubeconfigPath);
  try {
    context.progress(`${size}: making the deployments`);
    await makeDeployments(context, api, caller, size);
    const startedAtMs = Date.now();
    const operator = context.use(startOperator(context, api, size));
    context.progress(`${size}: converging`);
    await quiet(api, () => `${size}: ${writes(api).length} writes`, context);
    const writesAtMs = writes(api).map(({ atMs }) => atMs);
    const converged = {
      convergedSeconds: ((writesAtMs.at(-1) ?? startedAtMs) - startedAtMs) / 1000,
      callsEach: calls(api).length / size,
      cpuSeconds: operator.cpuSeconds(),
      residentMiB: operator.residentMiB(),
    };
    const steadyWrites = await steady(context, api, size);
    const callsOfChange = await afterChange(context, api, caller);
    const writesOfRestart = await afterRestartOfWatches(context, api);
    await operator.stop();
    return { ...converged, steadyWrites, callsOfChange, writesOfRestart };
  } finally {
    await caller.close();
    await api.close();
  }
}

const path = '/apis/inference-operator.dev/v1alpha1/namespaces/default/inferencedeployments';
const manifest = (name: string) => ({
  apiVersion: 'inference-operator.dev/v1alpha1',
  kind: 'InferenceDeployment',
  metadata: { name, namespace: 'default' },
  spec: { container: { image: 'inference-operator/echo' }, gpu: { count: 0 }, concurrency: 4 },
});

async function makeDeployments(context: BenchContext, api: ApiServer, caller: ApiCaller, size: number): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: context.folder, KUBECONFIG: api.kubeconfigPath };
  const crd = join(projectDir, 'crds', 'inferencedeployment.yaml');
  const applied = await promisify(execFile)(clusterTools().kubectl, ['apply', '-f', crd], { env });
  if (!applied.stdout.includes('created')) throw new Error(applied.stderr);
  for (let made = 0; made < size; made += 20) {
    const names = Array.from({ length: Math.min(20, size - made) }, (_, index) => `model-${made + index}`);
    const answers = await Promise.all(names.map((name) => caller.call('POST', path, { body: manifest(name) })));
    const refused = answers.find(({ status }) => status !== 201);
    if (refused !== undefined) throw new Error(refused.text);
  }
}

function startOperator(context: BenchContext, api: ApiServer, size: number): PinnedProcess {
  const file = join(context.folder, 'operator.mjs');
  const flags = ['--kubeconfig', api.kubeconfigPath, '--admin-port', '0', '--host', '127.0.0.1', '--log-level', 'warn'];
  const given = ['--sidecar-image', 'inference-operator/sidecar', '--store-url', 'redis://127.0.0.1:6379/0'];
  const command = nodeCommand(context, `operator-${size}`, imageNodeFlags.operator, file, ...flags, ...given);
  return new PinnedProcess('operator', context.cores.measured, command, { NODE_ENV: 'production' });
}

const isOperators = ({ userAgent, path: asked }: { userAgent: string; path: string }): boolean =>
  userAgent.startsWith('inference-operator') && !asked.includes('/leases');
const calls = (api: ApiServer) => api.requests.all().filter(isOperators);
const writes = (api: ApiServer) => api.requests.writes(isOperators);

/** Resolves once the operator has written something and then nothing for a while. */
async function quiet(api: ApiServer, line: () => string, context: BenchContext): Promise<void> {
  const end = Date.now() + 600_000;
  for (;;) {
    const last = writes(api).at(-1);
    if (last !== undefined && Date.now() - last.atMs > quietMs) return;
    if (Date.now() > end) throw new Error('the operator did not come to rest in ten minutes');
    context.progress(line());
    await pause(500);
  }
}

async function steady(context: BenchContext, api: ApiServer, size: number): Promise<number> {
  const seconds = context.seconds * 30;
  api.requests.clear();
  for (let second = 0; second < seconds; second += 5) {
    context.progress(`${size}: nothing changes, ${seconds - second} s left`);
    await pause(5000);
  }
  return writes(api).length;
}

async function afterChange(context: BenchContext, api: ApiServer, caller: ApiCaller): Promise<number> {
  api.requests.clear();
  const body = { spec: { concurrency: 8 } };
  const headers = { 'content-type': 'application/merge-patch+json' };
  const { status, text } = await caller.call('PATCH', `${path}/model-0`, { body, headers });
  if (status !== 200) throw new Error(text);
  await quiet(api, () => 'one deployment changed', context);
  return calls(api).filter(({ verb }) => verb !== 'watch').length;
}

async function afterRestartOfWatches(context: BenchContext, api: ApiServer): Promise<number> {
  context.progress('all watches cut');
  api.requests.clear();
  api.faults.dropWatches('cut');
  await pause(10_000);
  if (!calls(api).some(({ method }) => method === 'GET'))
    throw new Error('the operator did not take up its watches again');
  return writes(api).length;
}

function figures(runs: ReadonlyMap<number, Run>): readonly Figure[] {
  const values = (measure: keyof Run) =>
    Object.fromEntries([...runs].map(([size, run]) => [`${size.toLocaleString('en')} deployments`, [run[measure]]]));
  const most = `${sizes.at(-1)?.toLocaleString('en')} deployments`;
  const one = runs.get(1)?.callsOfChange ?? 0;
  const ofMost = runs.get(sizes.at(-1) ?? 0)?.callsOfChange ?? 0;
  const isConstant = noMoreThan('as many with 1,000 as with one', ofMost - one, 0);
  const none = (measure: 'steadyWrites' | 'writesOfRestart') => [atMost(values(measure), most, 0)];
  return [
    { name: 'from start to rest', unit: 's', values: values('convergedSeconds'), goals: [] },
    { name: 'calls for each deployment', unit: 'calls', values: values('callsEach'), goals: [] },
    { name: 'CPU up to then', unit: 's', values: values('cpuSeconds'), goals: [] },
    { name: 'resident memory then', unit: 'MiB', values: values('residentMiB'), digits: 0, goals: [] },
    {
      name: 'writes while nothing changes',
      unit: 'writes',
      values: values('steadyWrites'),
      digits: 0,
      goals: none('steadyWrites'),
    },
    { name: 'calls after one change', unit: 'calls', values: values('callsOfChange'), digits: 0, goals: [isConstant] },
    {
      name: 'writes after all watches were cut',
      unit: 'writes',
      values: values('writesOfRestart'),
      digits: 0,
      goals: none('writesOfRestart'),
    },
  ];
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
