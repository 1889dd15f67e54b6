// What a kube-apiserver without a controller manager lacks besides our controllers: garbage collection, which deletes what only
// owners that are gone have owned (no foreground deletion, no orphaning), and the account that every namespace has. It looks at all
// of it, a few times a second, which a test's dozen objects allow.
import { ClusterClient, isConflict, type Resource } from '../../dev/cluster/client.ts';
import type { KubeObject } from '../../dev/cluster/objects.ts';
import * as kinds from '../../dev/cluster/resources.ts';

const other = (apiVersion: string, kind: string, plural: string): Resource<KubeObject> => ({
  apiVersion,
  kind,
  plural,
});
const owners: readonly Resource<KubeObject>[] = [
  other('inference-operator.dev/v1alpha1', 'InferenceDeployment', 'inferencedeployments'),
  kinds.deployments,
  kinds.replicaSets,
  kinds.statefulSets,
  kinds.services,
];
const owned: readonly Resource<KubeObject>[] = [
  kinds.deployments,
  kinds.replicaSets,
  kinds.pods,
  kinds.services,
  kinds.secrets,
  kinds.claims,
  kinds.endpointSlices,
  kinds.disruptionBudgets,
  other('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  other('networking.k8s.io/v1', 'Ingress', 'ingresses'),
];

const namespaces = other('v1', 'Namespace', 'namespaces');
const accounts = other('v1', 'ServiceAccount', 'serviceaccounts');

/** Answers how to stop. A round that fails is made again. */
export function standInForControllerManager(kubeconfig: string, everyMs = 300): () => Promise<void> {
  const client = new ClusterClient(kubeconfig, 'kube-controller-manager');
  const furnished = new Set<string>();
  const stopping = new AbortController();
  const work = async () => {
    while (!stopping.signal.aborted) {
      await furnish(client, furnished).catch(() => {});
      await sweep(client).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  const done = work();
  return async () => {
    stopping.abort();
    await done;
    await client.close();
  };
}

/** Without its account no pod is admitted into a namespace. */
async function furnish(client: ClusterClient, furnished: Set<string>): Promise<void> {
  for (const { metadata } of (await client.list(namespaces)).items) {
    const { uid = '', name = '' } = metadata;
    if (furnished.has(uid) || metadata.deletionTimestamp !== undefined) continue;
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
    await client.create(accounts, { namespace: name }, account).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
    furnished.add(uid);
  }
}

async function sweep(client: ClusterClient): Promise<void> {
  // What is owned first: an owner that is made meanwhile is then among the owners.
  const candidates = [];
  for (const resource of owned) {
    const { items } = await client.list(resource);
    for (const object of items) if (isOwned(object)) candidates.push({ resource, object });
  }
  if (candidates.length === 0) return;
  const lists = await Promise.all(owners.map((resource) => client.list(resource)));
  const living = new Set(lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.uid)));
  for (const { resource, object } of candidates) {
    const { namespace, name, uid, ownerReferences = [] } = object.metadata;
    if (ownerReferences.some((owner) => living.has(owner.uid))) continue;
    await client.delete(resource, { ...(namespace && { namespace }), name }, { preconditions: { uid } });
  }
}

const isOwned = ({ metadata }: KubeObject): boolean =>
  (metadata.ownerReferences ?? []).length > 0 && metadata.deletionTimestamp === undefined;
