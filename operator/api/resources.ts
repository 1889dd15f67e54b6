// The kinds the operator reads and writes, and their paths on the API server. What is not in this table it cannot touch,
// so the chart's RBAC is held against it.
import { API_VERSION, KIND } from './names.ts';

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

const namespaced = (apiVersion: string, kind: string, plural: string): Resource => ({
  apiVersion,
  kind,
  plural,
  isNamespaced: true,
});

export const resources = {
  inferenceDeployments: namespaced(API_VERSION, KIND, 'inferencedeployments'),
  deployments: namespaced('apps/v1', 'Deployment', 'deployments'),
  replicaSets: namespaced('apps/v1', 'ReplicaSet', 'replicasets'),
  pods: namespaced('v1', 'Pod', 'pods'),
  services: namespaced('v1', 'Service', 'services'),
  secrets: namespaced('v1', 'Secret', 'secrets'),
  claims: namespaced('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  events: namespaced('v1', 'Event', 'events'),
  networkPolicies: namespaced('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  ingresses: namespaced('networking.k8s.io/v1', 'Ingress', 'ingresses'),
  disruptionBudgets: namespaced('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  podMonitors: namespaced('monitoring.coreos.com/v1', 'PodMonitor', 'podmonitors'),
  leases: namespaced('coordination.k8s.io/v1', 'Lease', 'leases'),
  nodes: { apiVersion: 'v1', kind: 'Node', plural: 'nodes', isNamespaced: false },
} as const satisfies Readonly<Record<string, Resource>>;

export type ResourceName = keyof typeof resources;

/** What the operator makes and watches, in the order in which it is applied: what pods need comes before the pods. Secrets it only creates. */
export const childResources = [
  'claims',
  'networkPolicies',
  'services',
  'disruptionBudgets',
  'deployments',
  'ingresses',
  'podMonitors',
] as const satisfies readonly ResourceName[];
export type ChildResource = (typeof childResources)[number];

export function resourceOfKind(kind: string): Resource {
  const found = Object.values(resources).find((resource) => resource.kind === kind);
  if (found === undefined) throw new Error(`no resource of kind ${kind} in the table`);
  return found;
}

export function resourcePath(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const root = resource.apiVersion.includes('/') ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`;
  const parts = [
    root,
    ...(resource.isNamespaced && namespace ? ['namespaces', encodeURIComponent(namespace)] : []),
    resource.plural,
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return parts.join('/');
}
