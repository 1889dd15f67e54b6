// What status can say: condition types, and every reason with what it means and what to do. One row each; the README's table
// and the code are held to this one.
import type { InferenceDeploymentStatus } from './inference-deployment.ts';

export type Phase = NonNullable<InferenceDeploymentStatus['phase']>;
export type Condition = NonNullable<InferenceDeploymentStatus['conditions']>[number];

export const conditionTypes = {
  Available: 'At least one replica takes requests.',
  Progressing: 'What spec asks for has been made, or is being made without a hitch.',
  GPUsAvailable: 'Every pod has the GPUs it asks for.',
  StoreReady: 'The sidecars reach the store of accepted requests.',
} as const;
export type ConditionType = keyof typeof conditionTypes;

interface Row {
  readonly means: string;
  readonly todo: string;
}
const reason = (means: string, todo: string): Row => ({ means, todo });
const NOTHING = 'Nothing.';

export const reasons = {
  // All is well, or will be by itself.
  AllReplicasReady: reason('Every replica takes requests.', NOTHING),
  SomeReplicasReady: reason(
    'Some replicas take requests, others do not yet.',
    'See waitingFor and the other conditions.',
  ),
  Starting: reason('Pods are being made or their sidecar starts.', NOTHING),
  ImagePulling: reason(
    'A node fetches the image.',
    'Nothing; large images take minutes. Pre-pull them on the nodes to save the wait.',
  ),
  ModelLoading: reason(
    'The container runs but has not answered healthy yet.',
    'Nothing, up to healthCheck.startupTimeoutSeconds; raise it for a model that needs longer.',
  ),
  Paused: reason('spec.paused is true: no pods, the queue is kept.', 'Set spec.paused to false to serve again.'),
  ScaledToZero: reason('spec.replicas is 0: no pods, the queue is kept.', 'Scale up.'),
  Terminating: reason('The InferenceDeployment is being deleted.', NOTHING),
  Complete: reason('All pods are of the latest spec.', NOTHING),
  RollingOut: reason(
    'Pods are being replaced by those of a changed spec.',
    'Nothing; status.rollout says how and why.',
  ),
  WaitingForTurn: reason(
    'Pods are to be replaced for a change of the operator’s own settings, such as another sidecar image, and as many other deployments as may are at it.',
    'Nothing; what runs goes on serving. operator.maxConcurrentRollouts of the chart says how many go at a time.',
  ),
  Scaling: reason('Pods are being added or removed.', NOTHING),
  NotNeeded: reason('spec.gpu.count is 0.', NOTHING),
  Assigned: reason('Every pod is on a node with its GPUs.', NOTHING),
  NoPods: reason('There is no pod to tell from.', NOTHING),
  Connected: reason('The sidecars reach the store.', NOTHING),
  NotObserved: reason('No sidecar has been asked yet.', 'If it stays: may the operator reach port 9090 of the pods?'),
  // The cluster has no room.
  InsufficientGPUs: reason(
    'No node has the GPUs that a pod asks for.',
    'Add nodes, free GPUs, or lower gpu.count or replicas; check gpu.products. The message has the scheduler’s words.',
  ),
  Unschedulable: reason(
    'No node takes a pod, for another reason than GPUs.',
    'Read the scheduler’s words: node selector, taints, memory or CPU.',
  ),
  VolumeUnavailable: reason(
    'No node takes a pod because of a volume: its claim does not exist, is not bound or is another pod’s, or the volume lies where the pod may not run.',
    'Create the claim that the message names, or see kubectl describe pvc; a missing storage class leaves a claim unbound. A claim of one pod is free when that pod is gone.',
  ),
  QuotaExceeded: reason(
    'A ResourceQuota of the namespace forbids more pods.',
    'Raise the quota or lower replicas or gpu.count.',
  ),
  AdmissionRefused: reason(
    'The API server refuses the pods (Pod Security, a webhook, a missing service account or priority class).',
    'Read the message; change spec or the policy.',
  ),
  // The container.
  ImagePullFailed: reason(
    'The image cannot be fetched.',
    'Check container.image for typing mistakes and imagePullSecrets for a private registry; of the container sidecar, imageRegistry and sidecar.image of the chart. The message has the node’s words.',
  ),
  ContainerConfigError: reason(
    'The container cannot be made: often a Secret or ConfigMap that does not exist.',
    'Create what the message names, or correct container.env and envFrom.',
  ),
  MountFailed: reason('A volume cannot be mounted.', 'Create the Secret, ConfigMap or claim that the message names.'),
  CrashLooping: reason(
    'The container starts and ends again and again.',
    'Read its last lines in the message, or kubectl logs POD -c model --previous; check args, model name and access tokens.',
  ),
  OutOfMemory: reason(
    'The container was killed for using more memory than its limit.',
    'Raise container.resources.limits.memory, or let the model use less; gpu.sharedMemory counts too. Of the container sidecar: sidecar.resources.',
  ),
  HealthCheckFailing: reason(
    'The container runs, but its health path does not answer healthy.',
    'kubectl logs POD -c model; check healthCheck.path and port. Requests wait meanwhile.',
  ),
  StartupTimedOut: reason(
    'The container was killed because it was not healthy within healthCheck.startupTimeoutSeconds, and it did not even answer. It is tried again.',
    'Raise healthCheck.startupTimeoutSeconds if the model needs longer to load; check container.port. kubectl logs POD -c model --previous.',
  ),
  PodFailed: reason(
    'A pod was evicted or has failed, or its node has fallen silent.',
    'Read the message: the node ran out of memory or disk, or is gone.',
  ),
  // The rest.
  StoreUnreachable: reason(
    'A sidecar cannot reach the store: asynchronous requests are refused with 503.',
    'Is Redis up, and may the pods reach it? The message has the sidecar’s words.',
  ),
  StoreNotConfigured: reason(
    'spec.queue.store is redis, but the operator was installed without one.',
    'Install the chart with a Redis, or set spec.queue.store to embedded.',
  ),
  ForeignObject: reason(
    'An object with a name that we need belongs to somebody else; it is left alone.',
    'Delete or rename the object that the message names, or rename the InferenceDeployment.',
  ),
  PermissionDenied: reason(
    'The operator lacks a permission; the message names verb and resource.',
    'Grant it, or upgrade the chart so that its roles fit the operator’s version.',
  ),
  PolicyViolation: reason(
    'spec asks for something that this cluster does not allow: nothing is made or changed, pods that run stay as they are.',
    'Remove what the message names, or ask whoever runs the operator for the value of policy that it names.',
  ),
  Refused: reason('The API server refuses an object made from spec.', 'Correct the field that the message names.'),
  ApplyFailed: reason(
    'The API server could not be told; this is tried again.',
    'Nothing, unless it lasts: is the API server well?',
  ),
  RolloutStalled: reason(
    'A rollout makes no progress within its deadline.',
    'The message and the Available condition say what the new pods lack; the old ones keep serving. Undo the change or correct it.',
  ),
} as const satisfies Readonly<Record<string, Row>>;
export type Reason = keyof typeof reasons;
