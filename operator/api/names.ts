// Every name the operator gives: the resource, children, labels, annotations, field managers. Renaming one of the labels
// orphans what older versions made, so they are the API as much as the CRD is.
import type { InferenceDeployment } from './inference-deployment.ts';

export const GROUP = 'inference-operator.dev';
export const API_VERSION = `${GROUP}/v1alpha1`;
export const KIND = 'InferenceDeployment';
export const OPERATOR = 'inference-operator';

/** One for what the operator makes, one for status: so that neither apply takes the other's fields away. */
export const fieldManagers = {
  children: OPERATOR,
  status: `${OPERATOR}-status`,
  deletionCost: `${OPERATOR}-scale-down`,
  withdrawal: `${OPERATOR}-withdrawal`,
} as const;

export const labels = {
  /** The InferenceDeployment that an object belongs to; also the pod selector, hence immutable. */
  name: `${GROUP}/name`,
  managedBy: 'app.kubernetes.io/managed-by',
  appName: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
} as const;

export const annotations = {
  /** Hash of the object as it was last applied: an equal one means that there is nothing to write. */
  applied: `${GROUP}/applied`,
  /** Hash of the pod template, to see that a change rolls pods. */
  template: `${GROUP}/template`,
  /** Hash of what of spec may shape pods, to tell a change of spec from one of the operator's own. */
  spec: `${GROUP}/spec`,
  /** `taken`: the template was changed by the operator itself, which does so with a few deployments at a time. */
  turn: `${GROUP}/turn`,
  /** Why the rollout strategy was chosen; status repeats it. */
  rolloutReason: `${GROUP}/rollout-reason`,
  /** The store that the pods know: another one must roll them. */
  storeChecksum: `${GROUP}/store-checksum`,
  podDeletionCost: 'controller.kubernetes.io/pod-deletion-cost',
  defaultContainer: 'kubectl.kubernetes.io/default-container',
} as const;

/** All objects of all deployments, for watches. */
export const managedSelector = `${labels.managedBy}=${OPERATOR}`;

export const podSelector = (name: string) => ({ [labels.name]: name }) as const;

const APP = 'inference-deployment';
/** What callers are sent to: a leaving pod loses the second label when its successor is to have all newcomers. */
export const trafficSelector = (name: string) => ({ ...podSelector(name), [labels.appName]: APP }) as const;

export function childLabels(name: string): Readonly<Record<string, string>> {
  return {
    [labels.name]: name,
    [labels.managedBy]: OPERATOR,
    [labels.appName]: APP,
    [labels.instance]: name,
  };
}

/** The longest suffix keeps a name of 52 characters within the 63 of a label. */
export const childNames = {
  deployment: (name: string) => name,
  service: (name: string) => name,
  podsService: (name: string) => `${name}-pods`,
  /** A Secret's name may be longer than a label. */
  secret: (name: string, id: string) => `${name}-sidecar-${id}`,
  claim: (name: string) => `${name}-queue`,
  networkPolicy: (name: string) => name,
  disruptionBudget: (name: string) => name,
  ingress: (name: string) => name,
  podMonitor: (name: string) => name,
} as const;

export const containerNames = { model: 'model', sidecar: 'sidecar' } as const;
/** The CRD refuses user volumes that begin with "inference-". */
export const volumeNames = {
  sharedMemory: 'inference-shm',
  data: 'inference-data',
  keys: 'inference-keys',
  webhooks: 'inference-webhooks',
} as const;
export const secretKeys = {
  adminToken: 'admin-token',
  store: 'store',
  storePassword: 'store-password',
  storeCa: 'store-ca',
} as const;

/** `namespace/name` of an InferenceDeployment: what queues and caches are keyed by. */
export type Key = string;
export const keyOf = (object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): Key =>
  `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

export function splitKey(key: Key): { readonly namespace: string; readonly name: string } | undefined {
  const match = /^([^/]+)\/([^/]+)$/.exec(key);
  return match ? { namespace: match[1]!, name: match[2]! } : undefined;
}

export function ownerReference(owner: InferenceDeployment) {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  } as const;
}
