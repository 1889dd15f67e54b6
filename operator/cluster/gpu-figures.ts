// Reads the nodes and every pod on them, only when a rollout must be chosen: a standing watch of all pods of a cluster would
// cost more than it tells.
import type { InferenceDeploymentSpec } from '../api/inference-deployment.ts';
import type { Node, Pod } from '../api/kubernetes.ts';
import { resources } from '../api/resources.ts';
import { type GpuFigures, gpuFigures } from '../reconcile/gpu-fit.ts';
import { isStatus } from './api-error.ts';
import type { KubernetesClient } from './client.ts';

/**
 * `undefined` where the operator may see no nodes. With `namespaces` only their pods are seen: GPUs may be free that others' pods have, and a
 * surge pod that finds them taken turns the rollout (reconcile/rollout.ts).
 */
export async function readGpuFigures(
  client: KubernetesClient,
  spec: InferenceDeploymentSpec,
  namespaces: readonly string[],
): Promise<GpuFigures | undefined> {
  try {
    const running = { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' };
    const places = namespaces.length === 0 ? [undefined] : namespaces;
    const [nodes, ...pods] = await Promise.all([
      client.list<Node>({ resource: resources.nodes }),
      ...places.map((namespace) => client.list<Pod>({ resource: resources.pods, namespace, query: running })),
    ]);
    return gpuFigures(
      spec,
      nodes.items,
      pods.flatMap(({ items }) => items),
    );
  } catch (error) {
    if (isStatus(error, 403)) return undefined;
    throw error;
  }
}
