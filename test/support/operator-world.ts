// A cluster on loopback (or a real API server: world-api.ts) with the CRD installed, the real kubectl, and the operator on it: what the operator's integration tests
// stand on. Nodes only where a test needs pods to run; `close` takes everything down.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { imageNodeFlags } from '../../dev/bundle.ts';
import { startControllers } from '../../dev/cluster/controllers/start.ts';
import { hostName } from '../../dev/cluster/host-name.ts';
import { localImages } from '../../dev/cluster/local-images.ts';
import type { ImageEntry, NodeSettings } from '../../dev/cluster/node/settings.ts';
import { startNodeAgent } from '../../dev/cluster/node/start.ts';
import { clusterTools } from '../../dev/tools/kubectl-and-helm.ts';
import type { InferenceDeployment } from '../../operator/api/inference-deployment.ts';
import { operatorSettings, SETTINGS_PREFIX } from '../../operator/config.ts';
import { run } from '../../operator/run.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { readSettings } from '../../runtime/settings.ts';
import { standInForControllerManager } from './controller-manager.ts';
import { eventually } from './eventually.ts';
import { shortTimings } from './loopback-node.ts';
import { apiKind, startWorldApi, type WorldApi } from './world-api.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const WAIT = { deadlineMs: 180_000, everyMs: 50 };

export interface WorldOptions {
  /** None: pods are never placed. */
  readonly nodes?: readonly Pick<NodeSettings, 'name' | 'gpus'>[];
  readonly images?: readonly ImageEntry[];
  /** Deployments stay as they are applied. */
  readonly withoutControllers?: boolean;
}

export type Kubectl = (...args: string[]) => Promise<string>;

export interface OperatorRun {
  readonly port: number;
  metrics(): Promise<string>;
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  stop(): Promise<void>;
  /** Settles when it has ended, by itself or not. */
  readonly ended: Promise<unknown>;
}

export type World = Awaited<ReturnType<typeof startWorld>>;

export async function startWorld(options: WorldOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'operator-test-'));
  const closing: (() => Promise<unknown>)[] = [async () => rmSync(directory, { recursive: true, force: true })];
  const close = async () => {
    for (const part of closing.splice(0).reverse()) await part();
  };
  try {
    const api = await startWorldApi(directory);
    closing.push(() => api.close());
    await startParts(api, options, closing);
    const world = { api, directory, close, ...toolsOf(api), ...operatorsOf(api, closing) };
    await world.kubectl('apply', '-f', join(root, 'crds/inferencedeployment.yaml'));
    await world.kubectl('wait', '--for=condition=Established', 'crd/inferencedeployments.inference-operator.dev');
    return world;
  } catch (error) {
    await close();
    throw error;
  }
}

async function startParts(api: WorldApi, options: WorldOptions, closing: (() => Promise<unknown>)[]): Promise<void> {
  // An existing cluster has its own.
  if (apiKind() === 'cluster') return;
  if (!options.withoutControllers) {
    if (apiKind() === 'binaries') closing.push(standInForControllerManager(api.kubeconfigPath));
    const controllers = await startControllers({
      kubeconfig: api.kubeconfigPath,
      schedulerBackoffMs: { initial: 50, max: 500 },
      onError: () => {},
    });
    closing.push(() => controllers.stop());
  }
  for (const node of options.nodes ?? []) {
    const agent = await startNodeAgent({
      ...node,
      kubeconfig: api.kubeconfigPath,
      images: [...(options.images ?? []), ...localImages],
      timings: shortTimings,
      hosts: { [hostName]: '127.0.0.1' },
      onError: () => {},
    });
    closing.push(() => agent.stop());
  }
}

function toolsOf(api: WorldApi) {
  const { kubectl: binary } = clusterTools();
  const execute = (args: readonly string[], input?: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, KUBECONFIG: api.kubeconfigPath };
      const child = execFile(binary, args, { env, cwd: root, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
        if (error) reject(new Error(stderr.trim() || error.message));
        else resolve(stdout);
      });
      child.stdin?.end(input ?? '');
    });
  const kubectl: Kubectl = (...args) => execute(args);
  const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await kubectl(...args, '-o', 'json')) as T;
  const infdep = (name: string) => json<InferenceDeployment>('get', 'infdep', name);
  return {
    kubectl,
    json,
    infdep,
    /** All phases that it shows from now on, also those that are over before anybody could ask for them. */
    watchPhases: (name: string) => {
      const words = ['get', 'infdep', name, '--watch', '-o', 'jsonpath={.status.phase}{"\\n"}'];
      const env = { ...process.env, KUBECONFIG: api.kubeconfigPath };
      const child = spawn(binary, words, { env, stdio: ['ignore', 'pipe', 'ignore'] });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk;
      });
      return { seen: () => output.split('\n'), stop: () => child.kill('SIGKILL') };
    },
    /** kubectl apply of a manifest, as text or as object. */
    apply: (manifest: string | object) =>
      execute(['apply', '-f', '-'], typeof manifest === 'string' ? manifest : JSON.stringify(manifest)),
    /** Waits until the InferenceDeployment is as the check wants it; the error tells what it was instead. */
    until: (name: string, check: (deployment: InferenceDeployment) => boolean): Promise<InferenceDeployment> =>
      eventually(async () => {
        const now = await infdep(name);
        if (!check(now)) throw new Error(`not yet: ${JSON.stringify(now.status)}`);
        return now;
      }, WAIT),
  };
}

const given = (api: WorldApi, env: Readonly<Record<string, string>>): Record<string, string> => ({
  OPERATOR_KUBECONFIG: api.kubeconfigPath,
  OPERATOR_SIDECAR_IMAGE: 'inference-operator/sidecar',
  OPERATOR_HOST: '127.0.0.1',
  OPERATOR_ADMIN_PORT: '0',
  OPERATOR_STATS_PERIOD_SECONDS: '1',
  // Long, so that a busy machine does not make it end in the middle of a test about something else.
  OPERATOR_LEASE_SECONDS: '60',
  OPERATOR_LOG_LEVEL: 'silent',
  ...(api.namespace !== 'default' && { OPERATOR_NAMESPACE: api.namespace, OPERATOR_NAMESPACES: api.namespace }),
  ...env,
});

function operatorsOf(api: WorldApi, closing: (() => Promise<unknown>)[]) {
  return {
    /** In this process: what main does, without the process. */
    startOperator: async (env: Readonly<Record<string, string>> = {}): Promise<OperatorRun> => {
      const settings = readSettings(SETTINGS_PREFIX, operatorSettings, given(api, env), []);
      const stopping = new AbortController();
      const { promise: listening, resolve } = Promise.withResolvers<number>();
      const log = createLogger('operator', settings.logLevel);
      const ended = run(stopping.signal, settings, { clock: systemClock, log, listening: resolve });
      const settled = ended.catch((error: unknown) => error);
      const port = await Promise.race([listening, ended.then(() => Promise.reject(new Error('the operator ended')))]);
      const stop = async () => {
        stopping.abort();
        await settled;
      };
      closing.push(stop);
      const get = async (path: string) => {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`);
        return { status: answer.status, text: await answer.text() };
      };
      return { port, stop, ended, get, metrics: async () => (await get('/metrics')).text };
    },
    /** As a process of its own, to be killed. */
    spawnOperator: (env: Readonly<Record<string, string>> = {}): ChildProcess => {
      const child = spawn(process.execPath, [...imageNodeFlags.operator, join(root, 'operator/main.ts')], {
        env: { PATH: process.env.PATH, ...given(api, env) },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      closing.push(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      });
      return child;
    },
  };
}

export { hostName };

/** A manifest that the sample model server serves, without GPUs and with the store in the pod. */
export function echo(name: string, spec: Readonly<Record<string, unknown>> = {}): object {
  return {
    apiVersion: 'inference-operator.dev/v1alpha1',
    kind: 'InferenceDeployment',
    metadata: { name },
    spec: {
      container: { image: 'inference-operator/echo' },
      gpu: { count: 0 },
      queue: { store: 'embedded', requestTtlSeconds: 20 },
      ...spec,
    },
  };
}
