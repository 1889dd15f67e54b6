// A cluster on loopback for tests of its own controllers and node agent: the API server, the controllers and nodes with short times,
// and fake containers (fake-container.ts) that write a journal. Everything ends with `stop`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApiServer } from '../../dev/cluster/api/api-server.ts';
import { ClusterClient, isNotFound } from '../../dev/cluster/client.ts';
import { conditionOf } from '../../dev/cluster/conditions.ts';
import type { NodeMonitor } from '../../dev/cluster/controllers/node-lifecycle.ts';
import { startControllers } from '../../dev/cluster/controllers/start.ts';
import type { ImageEntry, NodeSettings, Timings } from '../../dev/cluster/node/settings.ts';
import { type NodeAgent, startNodeAgent } from '../../dev/cluster/node/start.ts';
import type { Container, Deployment, KubeObject, Pod, PodSpec } from '../../dev/cluster/objects.ts';
import * as kinds from '../../dev/cluster/resources.ts';
import { eventually } from './eventually.ts';

export { kinds };
export const namespace = 'default';
const program = fileURLToPath(new URL('./fake-container.ts', import.meta.url));

export const shortTimings: Partial<Timings> = {
  probeSecondMs: 200,
  crashBackoff: { initialMs: 300, maxMs: 5_000 },
  imageBackoff: { initialMs: 300, maxMs: 2_000 },
  mountBackoff: { initialMs: 100, maxMs: 500 },
  volumeRefreshMs: 200,
  leaseRenewMs: 1_000,
};

export type Entry = { readonly at: number; readonly name: string; readonly event: string; readonly pid: number };
export type Told = KubeObject & {
  readonly reason: string;
  readonly message: string;
  readonly type: string;
  readonly count?: number;
  readonly involvedObject: { readonly name: string; readonly kind: string };
};

export type LoopbackOptions = {
  readonly nodes?: readonly Partial<NodeSettings>[];
  readonly timings?: Partial<Timings>;
  readonly images?: readonly ImageEntry[];
  readonly nodeMonitor?: NodeMonitor;
};

export async function startLoopback(options: LoopbackOptions = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'loopback-test-'));
  const journalPath = join(dir, 'journal');
  const api = await startApiServer();
  const kubeconfig = api.kubeconfigPath;
  const errors: string[] = [];
  const controllers = await startControllers({
    kubeconfig,
    schedulerBackoffMs: { initial: 50, max: 200 },
    ...(options.nodeMonitor ? { nodeMonitor: options.nodeMonitor } : {}),
    onError: (controller, key, error) => errors.push(`${controller} ${key}: ${error}`),
  });
  const images: ImageEntry[] = [
    { match: 'fake', entrypoint: [process.execPath, program], env: { JOURNAL: journalPath } },
    ...(options.images ?? []),
  ];
  const nodes: NodeAgent[] = [];
  for (const [index, node] of (options.nodes ?? [{}]).entries()) {
    const timings = { ...shortTimings, ...options.timings };
    const onError = (pod: string, error: unknown) => errors.push(`node ${pod}: ${error}`);
    nodes.push(
      await startNodeAgent({
        kubeconfig,
        name: `node-${index + 1}`,
        images,
        gpus: { count: 1 },
        timings,
        onError,
        ...node,
      }),
    );
  }
  const client = new ClusterClient(kubeconfig, 'test');
  const pod = (name: string): Promise<Pod> => client.get(kinds.pods, { namespace, name });
  const journal = (): Entry[] => read(journalPath).map((line) => JSON.parse(line) as Entry);
  return {
    client,
    kubeconfig,
    nodes,
    node: nodes[0] as NodeAgent,
    errors,
    journal,
    /** The first entry of a container with this event, waited for. */
    happened: (name: string, event: string) =>
      eventually(() => journal().find((entry) => entry.name === name && entry.event === event) ?? false, {
        deadlineMs: 90_000,
      }) as Promise<Entry>,
    pod,
    pods: async (): Promise<readonly Pod[]> => (await client.list(kinds.pods, { namespace })).items,
    createPod: (name: string, spec: PodSpec, labels = {}) =>
      client.create(kinds.pods, { namespace }, { metadata: { name, namespace, labels }, spec }),
    createDeployment: (body: object & { metadata: { name: string } }): Promise<Deployment> =>
      client.create(kinds.deployments, { namespace }, body),
    deployment: (name: string) => client.get(kinds.deployments, { namespace, name }),
    podUntil: (name: string, check: (pod: Pod) => boolean): Promise<Pod> =>
      eventually(
        async () => {
          const now = await pod(name);
          if (!check(now)) throw new Error(`not yet: ${JSON.stringify(now.status)}`);
          return now;
        },
        { deadlineMs: 90_000 },
      ),
    podGone: (name: string) =>
      eventually(
        () =>
          pod(name).then(
            () => false,
            (error) => isNotFound(error),
          ),
        { deadlineMs: 90_000 },
      ),
    eventsOf: async (name: string): Promise<readonly Told[]> =>
      (await client.list(kinds.events, { namespace })).items
        .map((event) => event as Told)
        .filter((event) => event.involvedObject.name === name),
    stop: async () => {
      for (const node of nodes) await node.stop();
      await controllers.stop();
      await client.close();
      await api.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
export type Loopback = Awaited<ReturnType<typeof startLoopback>>;

export const fake = (name: string, rest: Partial<Container> = {}, env: Record<string, string> = {}): Container => ({
  name,
  image: 'registry.test/fake:1',
  ...rest,
  env: [
    { name: 'NAME', value: name },
    ...Object.entries(env).map(([key, value]) => ({ name: key, value })),
    ...(rest.env ?? []),
  ],
});

export const isReady = (pod: Pod): boolean => conditionOf(pod, 'Ready')?.status === 'True';
export const ask = async (pod: Pod, path: string, port = 8000): Promise<string> =>
  await (await fetch(`http://${pod.status?.podIP}:${port}${path}`)).text();

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
