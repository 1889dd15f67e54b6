// Writes status, and nothing else of an InferenceDeployment. The whole status each time: fields no longer true go away.
import type { InferenceDeployment, InferenceDeploymentStatus } from '../api/inference-deployment.ts';
import { API_VERSION, fieldManagers, KIND } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import type { KubernetesClient } from './client.ts';

export function writeStatus(
  client: KubernetesClient,
  owner: InferenceDeployment,
  status: InferenceDeploymentStatus,
): Promise<InferenceDeployment> {
  const { name, namespace, uid } = owner.metadata;
  const query = { fieldManager: fieldManagers.status, force: true };
  return client.patch<InferenceDeployment>(
    { resource: resources.inferenceDeployments, namespace, name, subresource: 'status', query },
    'application/apply-patch+yaml',
    { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace, uid }, status },
  );
}
