// Tells the ReplicaSet controller which pods to take first, just before replicas are lowered. Never at another time:
// every such write is a change of the pod that all watchers see.

import type { Pod } from '../api/kubernetes.ts';
import { annotations, fieldManagers } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { isNotFound } from './api-error.ts';
import type { KubernetesClient } from './client.ts';

export async function writeDeletionCost(client: KubernetesClient, pod: Pod, cost: number): Promise<void> {
  const { name, namespace } = pod.metadata;
  if (pod.metadata.annotations?.[annotations.podDeletionCost] === String(cost)) return;
  try {
    await client.patch(
      { resource: resources.pods, namespace, name, query: { fieldManager: fieldManagers.deletionCost } },
      'application/merge-patch+json',
      { metadata: { annotations: { [annotations.podDeletionCost]: String(cost) } } },
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
