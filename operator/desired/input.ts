// What desired objects are made of: the spec, the settings, and the few observations that shape them. Nothing here is fetched.
import type { InferenceDeployment } from '../api/inference-deployment.ts';
import { childLabels, ownerReference } from '../api/names.ts';
import type { Resource } from '../api/resources.ts';
import type { OperatorSettings } from '../config.ts';

export type DesiredSettings = { readonly storeFingerprint: string } & Pick<
  OperatorSettings,
  | 'namespace'
  | 'namespaces'
  | 'policy'
  | 'protectedSecrets'
  | 'sidecarImage'
  | 'sidecarImagePullPolicy'
  | 'sidecarImagePullSecrets'
  | 'sidecarResources'
  | 'sidecarLogLevel'
  | 'sidecarTracesEndpoint'
  | 'storeUrl'
  | 'storePassword'
  | 'storeCa'
  | 'networkPolicies'
  | 'adminPeers'
  | 'podMonitorLabels'
>;

export interface DesiredInput {
  readonly owner: InferenceDeployment;
  readonly settings: DesiredSettings;
  readonly rollout: { readonly strategy: RolloutStrategy; readonly reason: string };
  /** While no pod is ready, callers are to reach a sidecar that makes them wait. */
  readonly hasReadyPod: boolean;
  readonly hasPodMonitorApi: boolean;
  /** The template is one of those that the operator changes by itself, a few deployments at a time. */
  readonly hasTurn: boolean;
}

export type RolloutStrategy = 'Surge' | 'Recreate';

/** The head of a child: named, labelled, owned. */
export function childHead(
  owner: InferenceDeployment,
  resource: Resource,
  name: string,
  extra: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  } = {},
) {
  return {
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    metadata: {
      name,
      namespace: owner.metadata.namespace ?? '',
      labels: { ...extra.labels, ...childLabels(owner.metadata.name) },
      ...(extra.annotations === undefined ? {} : { annotations: extra.annotations }),
      ownerReferences: [ownerReference(owner)],
    },
  };
}

export const wantedReplicas = (owner: InferenceDeployment): number => (owner.spec.paused ? 0 : owner.spec.replicas);

/** Beyond a day, the sidecar's own limit, nobody waits for a pod to go. */
export const drainSeconds = (owner: InferenceDeployment): number =>
  owner.spec.shutdownGraceSeconds ?? Math.min(owner.spec.queue.requestTtlSeconds, 86_400);
