// A thousand InferenceDeployments on one operator: all made, no write and no read while nothing changes, a constant number of calls
// for one change, and a watch that restarts rewrites nothing. Prints what it took.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect } from 'vitest';
import { freePort } from '../../dev/tools/free-port.ts';
import type { InferenceDeployment } from '../../operator/api/inference-deployment.ts';
import { API_VERSION, KIND } from '../../operator/api/names.ts';
import { resources } from '../../operator/api/resources.ts';
import { KubernetesClient } from '../../operator/cluster/client.ts';
import { connect } from '../../operator/cluster/connection.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const COUNT = 1_000;
const MADE = 5; // Secret, NetworkPolicy, two Services, Deployment
const QUIET_MS = 60_000;

const test = testThatNeeds('request log', 'no controllers');
let world: World;
let client: KubernetesClient;
let close: () => Promise<void>;
let pid: number;
let adminPort: number;
const isOperators = ({ userAgent, path }: { readonly userAgent: string; readonly path: string }) =>
  userAgent === 'inference-operator' && !path.includes('/leases/');
const operatorsCalls = () => world.api.requests.all().filter((entry) => isOperators(entry) && entry.verb !== 'watch');
const target = (name?: string) => ({
  resource: resources.inferenceDeployments,
  namespace: 'default',
  ...(name ? { name } : {}),
});
const all = async () => (await client.list<InferenceDeployment>(target())).items;

beforeAll(async () => {
  world = await startWorld({ withoutControllers: true });
  const connection = await connect(world.api.kubeconfigPath);
  close = () => connection.close();
  client = new KubernetesClient(connection);
  adminPort = await freePort();
  const operator = world.spawnOperator({ OPERATOR_LOG_LEVEL: 'error', OPERATOR_ADMIN_PORT: `${adminPort}` });
  pid = operator.pid!;
});
afterAll(async () => {
  await close?.();
  await world?.close();
});

test('a thousand are made', { timeout: 1_500_000 }, async () => {
  const startedAt = performance.now();
  const lanes = Array.from({ length: 8 }, async (_, lane) => {
    for (let index = lane; index < COUNT; index += 8) {
      await client.create(target(), { ...echo(`d-${index}`), apiVersion: API_VERSION, kind: KIND });
    }
  });
  await Promise.all(lanes);
  const createdMs = performance.now() - startedAt;
  await eventually(
    async () => {
      const open = (await all()).filter(({ status }) => status?.observedGeneration !== 1).length;
      if (open > 0) throw new Error(`${open} have no status yet`);
    },
    { deadlineMs: 1_200_000, everyMs: 2_000 },
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const calls = world.api.requests.count(
    (entry) =>
      isOperators(entry) && entry.userAgent === 'inference-operator' && !entry.path.endsWith('/inferencedeployments'),
  );
  const { cpuSeconds, rssMiB } = usage(pid);
  console.log(
    `${COUNT} deployments: created in ${(createdMs / 1_000).toFixed(1)} s, converged after ${seconds.toFixed(1)} s; ` +
      `${(calls / COUNT).toFixed(1)} calls each; operator CPU ${cpuSeconds.toFixed(1)} s, RSS ${rssMiB.toFixed(0)} MiB`,
  );
  // Well within the limit that the chart sets (512Mi), though run from source.
  expect(rssMiB).toBeLessThan(350);
});

test('at rest, nothing is written or read for a minute', { timeout: 900_000 }, async () => {
  await settle();
  world.api.requests.clear();
  const before = usage(pid).cpuSeconds;
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  console.log(`a minute at rest: operator CPU ${(usage(pid).cpuSeconds - before).toFixed(2)} s`);
  expect(operatorsCalls().map(({ verb, path }) => `${verb} ${path}`)).toEqual([]);
});

test('one change costs a constant number of calls', async () => {
  world.api.requests.clear();
  await client.patch(target('d-500'), 'application/merge-patch+json', { spec: { concurrency: 2 } });
  await world.until('d-500', ({ status }) => status?.observedGeneration === 2);
  await settle();
  const calls = operatorsCalls().filter(({ path, method }) => method !== 'PATCH' || !path.endsWith('/d-500'));
  console.log(`one change: ${calls.map(({ verb, path }) => `${verb} ${path.split('?')[0]}`).join(', ')}`);
  // Deployment, status, an event or two.
  expect(calls.length).toBeLessThanOrEqual(MADE);
});

testThatNeeds('faults')(
  'watches that restart, and lists that come anew, rewrite nothing',
  { timeout: 900_000 },
  async () => {
    world.api.requests.clear();
    world.api.compact();
    world.api.faults.dropWatches();
    await eventually(() => expect(world.api.requests.count(({ verb }) => verb === 'watch')).toBeGreaterThan(8), {
      deadlineMs: 60_000,
    });
    await settle();
    expect(world.api.requests.writes(isOperators).map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  },
);

/** Until the operator has nothing to do, and has been silent for three seconds. */
async function settle(): Promise<void> {
  let seen = '';
  let since = performance.now();
  await eventually(
    async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
      const reconciles = metrics.match(/^inference_operator_reconciles_total.*$/gm)?.join();
      const now = `${operatorsCalls().length} ${reconciles}`;
      if (now !== seen) since = performance.now();
      seen = now;
      return /^inference_operator_queue_depth 0$/m.test(metrics) && performance.now() - since > 3_000;
    },
    { deadlineMs: 240_000, everyMs: 250 },
  );
}

function usage(of: number): { readonly cpuSeconds: number; readonly rssMiB: number } {
  const fields = readFileSync(`/proc/${of}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${of}/status`, 'utf8'))![1];
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, rssMiB: Number(rss) / 1024 };
}
