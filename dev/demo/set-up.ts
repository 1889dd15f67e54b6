// Brings up what the demo shows: a Redis, a cluster on loopback with two fake GPU nodes, the CRD, the operator. In order,
// and taken down in reverse whatever happened in between. Every program writes its log into one directory.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hostName } from '../cluster/host-name.ts';
import { clusterTools } from '../tools/kubectl-and-helm.ts';
import { ensureRedisServer, startRedisServer } from '../tools/redis-server.ts';
import { gatherEvidence } from './evidence.ts';
import { Program } from './program.ts';
import { awaitThat } from './proof.ts';
import { Shortfall } from './shortfall.ts';
import { type Kubectl, type Stage, stageOf } from './stage.ts';
import type { Terminal } from './terminal.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const definition = 'crd/inferencedeployments.inference-operator.dev';

export async function setStage(terminal: Terminal, signal: AbortSignal): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'inference-demo-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const kubectl = kubectlFor(kubeconfig);
  const stopping: (() => Promise<void>)[] = [];
  const close = async (isGood: boolean) => {
    if (!isGood) await gatherEvidence(kubectl, directory);
    for (const part of stopping.splice(0).reverse()) await part();
    if (isGood) rmSync(directory, { recursive: true, force: true });
  };
  try {
    await setUp(terminal, signal, directory, kubectl, stopping);
    return stageOf(kubectl, kubeconfig, directory, close);
  } catch (error) {
    await close(signal.aborted);
    throw new Error(`${error instanceof Error ? error.message : error}\nlogs: ${directory}`, { cause: error });
  }
}

async function setUp(
  terminal: Terminal,
  signal: AbortSignal,
  directory: string,
  kubectl: Kubectl,
  stopping: (() => Promise<void>)[],
): Promise<void> {
  const startedAtMs = performance.now();
  const start = (name: string, script: string, argv: readonly string[], env: NodeJS.ProcessEnv): Program => {
    const program = new Program(name, join(root, script), argv, env, join(directory, `${name}.log`));
    stopping.push(() => program.stop(10_000));
    return program;
  };
  ensureRedisServer((line) => terminal.live(line));
  terminal.live('starting redis-server, and a cluster with two GPU nodes');
  const flags = ['--nodes', '2', '--gpus', '1', '--kubeconfig', join(directory, 'kubeconfig')];
  const cluster = start('cluster', 'dev/cluster/main.ts', flags, {});
  const redis = await startRedisServer();
  // Last of all: what runs in the cluster holds on to it.
  stopping.unshift(() => redis.stop());
  await untilUp(kubectl, cluster, signal);
  const gpus = 'custom-columns=NODE:.metadata.name,GPUS:.status.allocatable.nvidia\\.com/gpu';
  terminal.output(await kubectl('get', 'nodes', '-o', gpus));
  terminal.live('installing the CRD and starting the operator');
  await kubectl('apply', '-f', 'crds/inferencedeployment.yaml');
  await kubectl('wait', '--for=condition=Established', definition, '--timeout=30s');
  const operator = start('operator', 'operator/main.ts', [], {
    OPERATOR_KUBECONFIG: join(directory, 'kubeconfig'),
    OPERATOR_STORE_URL: `redis://${hostName}:${redis.port}`,
    OPERATOR_SIDECAR_IMAGE: 'inference-operator/sidecar',
    OPERATOR_HOST: '127.0.0.1',
    OPERATOR_ADMIN_PORT: '0',
    OPERATOR_STATS_PERIOD_SECONDS: '1',
  });
  await untilLeading(kubectl, operator, signal);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  terminal.proved(`two fake GPU nodes, the CRD and the operator, after ${seconds} s`);
}

function kubectlFor(kubeconfig: string): Kubectl {
  return async (...args) => {
    const env = { ...process.env, KUBECONFIG: kubeconfig };
    const { stdout } = await run(clusterTools().kubectl, args, { cwd: root, env, timeout: 60_000 }).catch(
      (error: Error & { stderr?: string }) => {
        throw new Error(error.stderr?.trim() || error.message);
      },
    );
    return stdout;
  };
}

function watchOver(program: Program, signal: AbortSignal): void {
  if (signal.aborted) throw new Shortfall('nobody interrupts', 'interrupted');
  if (!program.isRunning) throw new Error(`the ${program.name} ended:\n${program.lastWords()}`);
}

function untilUp(kubectl: Kubectl, cluster: Program, signal: AbortSignal): Promise<string> {
  return awaitThat<string>('two nodes', 90_000, async () => {
    watchOver(cluster, signal);
    const nodes = await kubectl('get', 'nodes', '-o', 'name').catch((error: Error) => error.message);
    return nodes.match(/^node\//gm)?.length === 2 ? { value: nodes } : { seen: nodes };
  });
}

/** The operator takes a Lease before it works. */
function untilLeading(kubectl: Kubectl, operator: Program, signal: AbortSignal): Promise<string> {
  return awaitThat<string>('the operator leads', 90_000, async () => {
    watchOver(operator, signal);
    const lease = ['get', 'lease', 'inference-operator', '-o', 'jsonpath={.spec.holderIdentity}'];
    const holder = await kubectl(...lease).catch(() => '');
    return holder === '' ? { seen: operator.lastWords() } : { value: holder };
  });
}
