// What the steps stand on: a cluster on loopback with two fake GPU nodes, a Redis, the CRD and the operator, and kubectl.
// Set up in order, taken down in reverse, whatever happened in between. Everything writes its log into one directory.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hostName } from '../cluster/start.ts';
import type { CallRecord } from '../model-server/counters.ts';
import { clusterTools } from '../tools/kubectl-and-helm.ts';
import { ensureRedisServer, startRedisServer } from '../tools/redis-server.ts';
import { ask } from './ask.ts';
import { gatherEvidence } from './evidence.ts';
import { isAlive, processesOfPod } from './processes.ts';
import { Program } from './program.ts';
import { awaitThat, Shortfall } from './proof.ts';
import type { Terminal } from './terminal.ts';

export interface Replica {
  readonly name: string;
  readonly node: string;
  readonly podIP: string;
  /** The sidecar's traffic port. */
  readonly url: string;
}

export interface InferenceStatus {
  readonly phase?: string;
  readonly readyReplicas?: number;
  readonly waitingFor?: string;
}

export interface Stage {
  readonly name: string;
  readonly example: string;
  readonly kubeconfig: string;
  readonly logs: string;
  kubectl(...args: string[]): Promise<string>;
  status(): Promise<InferenceStatus>;
  replicas(): Promise<readonly Replica[]>;
  oneReplica(): Promise<Replica>;
  /** What the model container of a replica has inside, and has had. */
  calls(replica: Replica): Promise<readonly CallRecord[]>;
  /** SIGKILL; the pid it had. */
  killSidecar(replica: Replica): number;
  podProcesses(): Promise<readonly number[]>;
  isAlive(pid: number): boolean;
  /** Takes everything down. The logs stay if the demo failed, with more evidence beside them. */
  close(isGood: boolean): Promise<void>;
}

const name = 'echo';
const example = 'examples/echo.yaml';
const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

export async function setStage(terminal: Terminal, signal: AbortSignal): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'inference-demo-'));
  const closing: (() => Promise<void>)[] = [];
  const close = async (isGood: boolean) => {
    for (const part of closing.splice(0).reverse()) await part();
    if (isGood) rmSync(directory, { recursive: true, force: true });
  };
  try {
    return await setUp(terminal, signal, directory, closing, close);
  } catch (error) {
    await close(false);
    throw new Error(`${error instanceof Error ? error.message : error}\nlogs: ${directory}`, { cause: error });
  }
}

async function setUp(
  terminal: Terminal,
  signal: AbortSignal,
  directory: string,
  closing: (() => Promise<void>)[],
  close: Stage['close'],
): Promise<Stage> {
  const startedAtMs = performance.now();
  ensureRedisServer((line) => terminal.live(line));
  terminal.live('starting redis-server');
  const redis = await startRedisServer();
  closing.push(() => redis.stop());
  terminal.live('starting a cluster with two GPU nodes');
  const kubeconfig = join(directory, 'kubeconfig');
  const flags = ['--nodes', '2', '--gpus', '1', '--kubeconfig', kubeconfig];
  const cluster = new Program('cluster', join(root, 'dev/cluster/main.ts'), flags, {}, join(directory, 'cluster.log'));
  closing.push(() => cluster.stop(10_000));
  const tools = clusterTools();
  const kubectl = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(tools.kubectl, args, {
      cwd: root,
      env: { ...process.env, KUBECONFIG: kubeconfig },
    }).catch((error: Error & { stderr?: string }) => {
      throw new Error(error.stderr?.trim() || error.message);
    });
    return stdout;
  };
  const gpus = 'custom-columns=NODE:.metadata.name,GPUS:.status.allocatable.nvidia\\.com/gpu';
  await untilUp(kubectl, cluster, signal);
  terminal.output(await kubectl('get', 'nodes', '-o', gpus));
  terminal.live('installing the CRD and starting the operator');
  await kubectl('apply', '-f', 'crds/inferencedeployment.yaml');
  await kubectl(
    'wait',
    '--for=condition=Established',
    'crd/inferencedeployments.inference-operator.dev',
    '--timeout=30s',
  );
  const operator = startOperator(directory, kubeconfig, `redis://${hostName}:${redis.port}`);
  closing.push(() => operator.stop(10_000));
  await untilLeading(kubectl, operator, signal);
  terminal.proved(
    `two fake GPU nodes, the CRD and the operator, after ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`,
  );
  return stageOf(kubectl, kubeconfig, directory, close);
}

function startOperator(directory: string, kubeconfig: string, storeUrl: string): Program {
  const env = {
    OPERATOR_KUBECONFIG: kubeconfig,
    OPERATOR_STORE_URL: storeUrl,
    OPERATOR_SIDECAR_IMAGE: 'inference-operator/sidecar',
    OPERATOR_HOST: '127.0.0.1',
    OPERATOR_ADMIN_PORT: '0',
    OPERATOR_STATS_PERIOD_SECONDS: '1',
  };
  return new Program('operator', join(root, 'operator/main.ts'), [], env, join(directory, 'operator.log'));
}

async function untilUp(kubectl: Stage['kubectl'], cluster: Program, signal: AbortSignal): Promise<void> {
  await awaitThat('two ready nodes', 30_000, async () => {
    if (signal.aborted) throw new Shortfall('nobody interrupts', 'interrupted');
    if (!cluster.isRunning) throw new Error(`the cluster ended:\n${cluster.lastWords()}`);
    const nodes = await kubectl('get', 'nodes', '-o', 'name').catch((error: Error) => error.message);
    return nodes.split('\n').filter((line) => line.startsWith('node/')).length === 2
      ? { value: nodes }
      : { seen: nodes };
  });
}

/** The operator takes a Lease before it works. */
async function untilLeading(kubectl: Stage['kubectl'], operator: Program, signal: AbortSignal): Promise<void> {
  await awaitThat('the operator leads', 30_000, async () => {
    if (signal.aborted) throw new Shortfall('nobody interrupts', 'interrupted');
    if (!operator.isRunning) throw new Error(`the operator ended:\n${operator.lastWords()}`);
    const holder = await kubectl('get', 'lease', 'inference-operator', '-o', 'jsonpath={.spec.holderIdentity}').catch(
      () => '',
    );
    return holder === '' ? { seen: operator.lastWords() } : { value: holder };
  });
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec: { readonly nodeName?: string };
    readonly status: {
      readonly podIP?: string;
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

function stageOf(kubectl: Stage['kubectl'], kubeconfig: string, logs: string, close: Stage['close']): Stage {
  const replicas = async (): Promise<readonly Replica[]> => {
    const text = await kubectl('get', 'pods', '-l', `inference-operator.dev/name=${name}`, '-o', 'json');
    return (JSON.parse(text) as PodList).items
      .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status.podIP !== undefined)
      .map(({ metadata, spec, status }) => ({
        name: metadata.name,
        node: spec.nodeName ?? '',
        podIP: status.podIP ?? '',
        url: `http://${status.podIP}:8080`,
      }));
  };
  return {
    name,
    example,
    kubeconfig,
    logs,
    kubectl,
    replicas,
    close: async (isGood) => {
      if (!isGood) await gatherEvidence(kubectl, logs);
      await close(isGood);
    },
    isAlive,
    status: async () => JSON.parse(await kubectl('get', 'infdep', name, '-o', 'json')).status ?? {},
    oneReplica: async () => {
      const [first] = await replicas();
      if (first === undefined) throw new Shortfall('a pod with an address', 'none');
      return first;
    },
    // Asked of the container itself, beside the gate: a look shall not take a slot.
    calls: async (replica) =>
      JSON.parse((await ask(`http://${replica.podIP}:8000/control/stats`)).body.toString()).calls,
    killSidecar: (replica) => {
      const sidecar = processesOfPod(replica.podIP).find((process) => process.isSidecar);
      if (sidecar === undefined) throw new Shortfall(`a sidecar process of ${replica.name}`, 'none');
      process.kill(sidecar.pid, 'SIGKILL');
      return sidecar.pid;
    },
    podProcesses: async () =>
      (await replicas()).flatMap((replica) => processesOfPod(replica.podIP).map((process) => process.pid)),
  };
}
