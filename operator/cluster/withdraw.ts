// Takes a leaving pod out of its Service by the label that the Service asks for. Only the newcomers go elsewhere: connections that
// are open stay, and its ReplicaSet, budget and policies, which go by another label, do not notice.
import type { Pod } from '../api/kubernetes.ts';
import { fieldManagers, labels } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { isNotFound } from './api-error.ts';
import type { KubernetesClient } from './client.ts';

export async function withdraw(client: KubernetesClient, pod: Pod): Promise<void> {
  const { name, namespace, uid } = pod.metadata;
  const target = { resource: resources.pods, namespace, name, query: { fieldManager: fieldManagers.withdrawal } };
  try {
    await client.patch(target, 'application/merge-patch+json', {
      metadata: { uid, labels: { [labels.appName]: null } },
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
