// The whole cluster on loopback in one call: API server, controllers, and one node agent for each node. Stopped in reverse.
// It knows nothing of the operator: install the CRD and start the operator as on any cluster.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from './api/api-server.ts';
import { type ControllerOptions, startControllers } from './controllers/start.ts';
import { hostName } from './host-name.ts';
import { localImages } from './local-images.ts';
import type { ImageEntry, NodeSettings, Timings } from './node/settings.ts';
import { type NodeAgent, startNodeAgent } from './node/start.ts';
import { type ServiceAccess, startServiceAccess } from './service-proxy.ts';

export interface ClusterOptions {
  readonly nodes: readonly Pick<NodeSettings, 'name' | 'gpus' | 'labels' | 'taints' | 'allocatable'>[];
  readonly kubeconfigPath?: string;
  readonly port?: number;
  readonly images?: readonly ImageEntry[];
  readonly hosts?: NodeSettings['hosts'];
  readonly timings?: Partial<Timings>;
  readonly schedulerBackoffMs?: ControllerOptions['schedulerBackoffMs'];
  readonly onError?: (part: string, key: string, error: unknown) => void;
}

export interface LoopbackCluster {
  /** Its request log, its faults on order, tokens of service accounts. */
  readonly api: ApiServer;
  readonly url: string;
  readonly kubeconfigPath: string;
  readonly nodes: readonly NodeAgent[];
  /** The way to a Service from outside: ClusterIPs do not exist here. */
  readonly services: ServiceAccess;
  stop(): Promise<void>;
}

export async function startCluster(options: ClusterOptions): Promise<LoopbackCluster> {
  const { kubeconfigPath, port, schedulerBackoffMs, onError = () => {} } = options;
  const stopping: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const part of stopping.splice(0).reverse()) await part();
  };
  try {
    const api = await startApiServer({ ...(kubeconfigPath && { kubeconfigPath }), ...(port && { port }) });
    stopping.push(() => api.close());
    const controllers = await startControllers({
      kubeconfig: api.kubeconfigPath,
      ...(schedulerBackoffMs && { schedulerBackoffMs }),
      onError,
    });
    stopping.push(() => controllers.stop());
    const services = await startServiceAccess(api.kubeconfigPath);
    stopping.push(() => services.stop());
    const claimsDir = mkdtempSync(join(tmpdir(), 'loopback-claims-'));
    stopping.push(async () => rmSync(claimsDir, { recursive: true, force: true }));
    const nodes: NodeAgent[] = [];
    for (const node of options.nodes) {
      const agent = await startNodeAgent({
        ...node,
        kubeconfig: api.kubeconfigPath,
        images: options.images ?? localImages,
        claimsDir,
        hosts: { [hostName]: '127.0.0.1', ...options.hosts },
        ...(options.timings && { timings: options.timings }),
        onError: (pod, error) => onError(`kubelet ${node.name}`, pod, error),
      });
      stopping.push(() => agent.stop());
      api.addKubelet(agent.name, agent);
      nodes.push(agent);
    }
    return { api, url: api.url, kubeconfigPath: api.kubeconfigPath, nodes, services, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
