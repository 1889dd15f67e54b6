// The resources that the loopback cluster's controllers and node agents work with, by their API names.
import type { Resource } from './client.ts';
import type {
  ConfigMap,
  Deployment,
  EndpointSlice,
  KubeObject,
  Lease,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Secret,
  Service,
  StatefulSet,
} from './objects.ts';

const resource = <T extends KubeObject>(apiVersion: string, kind: string, plural: string): Resource<T> => ({
  apiVersion,
  kind,
  plural,
});

export const pods = resource<Pod>('v1', 'Pod', 'pods');
export const nodes = resource<Node>('v1', 'Node', 'nodes');
export const services = resource<Service>('v1', 'Service', 'services');
export const secrets = resource<Secret>('v1', 'Secret', 'secrets');
export const configMaps = resource<ConfigMap>('v1', 'ConfigMap', 'configmaps');
export const claims = resource<PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims');
export const events = resource<KubeObject>('v1', 'Event', 'events');
export const leases = resource<Lease>('coordination.k8s.io/v1', 'Lease', 'leases');
export const deployments = resource<Deployment>('apps/v1', 'Deployment', 'deployments');
export const replicaSets = resource<ReplicaSet>('apps/v1', 'ReplicaSet', 'replicasets');
export const statefulSets = resource<StatefulSet>('apps/v1', 'StatefulSet', 'statefulsets');
export const endpointSlices = resource<EndpointSlice>('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices');
export const disruptionBudgets = resource<PodDisruptionBudget>(
  'policy/v1',
  'PodDisruptionBudget',
  'poddisruptionbudgets',
);
