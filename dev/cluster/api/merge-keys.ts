// What the generated client models leave out of the OpenAPI of the built-in kinds: which lists are keyed maps or sets, which
// objects have one owner as a whole, and which strings are quantities. Data only; as in the API types of Kubernetes.

/** `Model.field` -> keys of its entries (x-kubernetes-list-map-keys); the first is also the strategic merge key. */
export const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  'V1ObjectMeta.ownerReferences': ['uid'],
  'V1PodSpec.containers': ['name'],
  'V1PodSpec.initContainers': ['name'],
  'V1PodSpec.ephemeralContainers': ['name'],
  'V1PodSpec.volumes': ['name'],
  'V1PodSpec.imagePullSecrets': ['name'],
  'V1PodSpec.hostAliases': ['ip'],
  'V1PodSpec.topologySpreadConstraints': ['topologyKey', 'whenUnsatisfiable'],
  'V1PodSpec.resourceClaims': ['name'],
  'V1PodSpec.schedulingGates': ['name'],
  'V1Container.ports': ['containerPort', 'protocol'],
  'V1Container.env': ['name'],
  'V1Container.volumeMounts': ['mountPath'],
  'V1Container.volumeDevices': ['devicePath'],
  'V1EphemeralContainer.env': ['name'],
  'V1EphemeralContainer.ports': ['containerPort', 'protocol'],
  'V1EphemeralContainer.volumeMounts': ['mountPath'],
  'V1ResourceRequirements.claims': ['name'],
  'V1PodStatus.podIPs': ['ip'],
  'V1PodStatus.resourceClaimStatuses': ['name'],
  'V1ServiceSpec.ports': ['port', 'protocol'],
  'V1NodeStatus.addresses': ['type'],
  'V1ServiceAccount.secrets': ['name'],
  'V1MutatingWebhookConfiguration.webhooks': ['name'],
  'V1ValidatingWebhookConfiguration.webhooks': ['name'],
};

export const LIST_SETS: ReadonlySet<string> = new Set([
  'V1ObjectMeta.finalizers',
  'V1NodeSpec.podCIDRs',
  'V1LoadBalancerIngress.ports',
]);

export const ATOMIC_MODELS: ReadonlySet<string> = new Set([
  'V1LabelSelector',
  'V1NodeSelector',
  'V1NodeSelectorTerm',
  'V1ObjectReference',
  'V1LocalObjectReference',
  'V1TypedLocalObjectReference',
  'V1SecretReference',
  'V1SecretKeySelector',
  'V1ConfigMapKeySelector',
  'V1FileKeySelector',
  'V1ObjectFieldSelector',
  'V1ResourceFieldSelector',
  'V1OwnerReference',
  'V1IngressServiceBackend',
  'V1ScopeSelector',
  'V1TopologySelectorTerm',
  'V1RoleRef',
  'RbacV1Subject',
]);

export const ATOMIC_MAPS: ReadonlySet<string> = new Set([
  'V1ServiceSpec.selector',
  'V1PodSpec.nodeSelector',
  'V1ReplicationControllerSpec.selector',
]);

/** Fields that Kubernetes parses as quantities; a bare number in JSON is allowed for them. */
export const QUANTITIES: ReadonlySet<string> = new Set([
  'V1ResourceRequirements.limits{}',
  'V1ResourceRequirements.requests{}',
  'V1VolumeResourceRequirements.limits{}',
  'V1VolumeResourceRequirements.requests{}',
  'V1NodeStatus.capacity{}',
  'V1NodeStatus.allocatable{}',
  'V1PodSpec.overhead{}',
  'V1ContainerStatus.allocatedResources{}',
  'V1EmptyDirVolumeSource.sizeLimit',
  'V1ResourceFieldSelector.divisor',
  'V1PersistentVolumeSpec.capacity{}',
  'V1PersistentVolumeClaimStatus.capacity{}',
  'V1PersistentVolumeClaimStatus.allocatedResources{}',
  'V1ResourceQuotaSpec.hard{}',
  'V1ResourceQuotaStatus.hard{}',
  'V1ResourceQuotaStatus.used{}',
  'V1LimitRangeItem._default{}',
  'V1LimitRangeItem.default{}',
  'V1LimitRangeItem.defaultRequest{}',
  'V1LimitRangeItem.max{}',
  'V1LimitRangeItem.min{}',
  'V1LimitRangeItem.maxLimitRequestRatio{}',
  'V1Overhead.podFixed{}',
  'V2MetricTarget.averageValue',
  'V2MetricTarget.value',
  'V2MetricValueStatus.averageValue',
  'V2MetricValueStatus.value',
]);

/** Counts that the typed server leaves out when they are zero; other optional numbers are pointers in Go and stay. */
export const OMITTED_WHEN_ZERO: ReadonlySet<string> = new Set([
  'V1DeploymentStatus.observedGeneration',
  'V1DeploymentStatus.replicas',
  'V1DeploymentStatus.updatedReplicas',
  'V1DeploymentStatus.readyReplicas',
  'V1DeploymentStatus.availableReplicas',
  'V1DeploymentStatus.unavailableReplicas',
  'V1ReplicaSetStatus.fullyLabeledReplicas',
  'V1ReplicaSetStatus.readyReplicas',
  'V1ReplicaSetStatus.availableReplicas',
  'V1ReplicaSetStatus.observedGeneration',
  'V1StatefulSetStatus.observedGeneration',
  'V1StatefulSetStatus.readyReplicas',
  'V1StatefulSetStatus.currentReplicas',
  'V1StatefulSetStatus.updatedReplicas',
  'V1JobStatus.active',
  'V1JobStatus.succeeded',
  'V1JobStatus.failed',
  'V1PodDisruptionBudgetStatus.observedGeneration',
  'CoreV1Event.count',
]);
