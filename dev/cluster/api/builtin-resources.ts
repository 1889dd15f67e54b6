// The built-in resources that this server serves: one line each, as discovery of a real 1.36 server lists them.
// Groups that nothing here needs are left out, so a client is told "not served" rather than half a truth.
import type { BuiltinSchemas } from './builtin-schemas.ts';
import { eventConversion } from './event-conversion.ts';
import type { KindRules, Resource, ScalePaths, SubresourceAction } from './resource.ts';
import { ALL_VERBS } from './resource.ts';

interface Row {
  readonly kind: string;
  readonly plural: string;
  readonly model?: string;
  readonly isCluster?: true;
  readonly short?: readonly string[];
  readonly categories?: readonly string[];
  readonly hasStatus?: true;
  readonly isScalable?: true;
  readonly actions?: readonly SubresourceAction[];
  readonly isReview?: true;
}

const REPLICAS: ScalePaths = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
};

const POD_ACTIONS: readonly SubresourceAction[] = [
  { name: 'binding', group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
  { name: 'eviction', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  { name: 'log', group: '', version: 'v1', kind: 'Pod', verbs: ['get'] },
];

const ACCOUNT_ACTIONS: readonly SubresourceAction[] = [
  { name: 'token', group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
];

const all = ['all'];

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  v1: [
    { kind: 'ConfigMap', plural: 'configmaps', short: ['cm'] },
    { kind: 'Event', plural: 'events', model: 'CoreV1Event', short: ['ev'] },
    { kind: 'Namespace', plural: 'namespaces', isCluster: true, short: ['ns'], hasStatus: true },
    { kind: 'Node', plural: 'nodes', isCluster: true, short: ['no'], hasStatus: true },
    { kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', short: ['pvc'], hasStatus: true },
    { kind: 'Pod', plural: 'pods', short: ['po'], categories: all, hasStatus: true, actions: POD_ACTIONS },
    { kind: 'ResourceQuota', plural: 'resourcequotas', short: ['quota'], hasStatus: true },
    { kind: 'Secret', plural: 'secrets' },
    { kind: 'ServiceAccount', plural: 'serviceaccounts', short: ['sa'], actions: ACCOUNT_ACTIONS },
    { kind: 'Service', plural: 'services', short: ['svc'], categories: all, hasStatus: true },
  ],
  'apps/v1': [
    {
      kind: 'Deployment',
      plural: 'deployments',
      short: ['deploy'],
      categories: all,
      hasStatus: true,
      isScalable: true,
    },
    { kind: 'ReplicaSet', plural: 'replicasets', short: ['rs'], categories: all, hasStatus: true, isScalable: true },
    { kind: 'StatefulSet', plural: 'statefulsets', short: ['sts'], categories: all, hasStatus: true, isScalable: true },
  ],
  'events.k8s.io/v1': [{ kind: 'Event', plural: 'events', model: 'EventsV1Event', short: ['ev'] }],
  'authentication.k8s.io/v1': [
    { kind: 'SelfSubjectReview', plural: 'selfsubjectreviews', isCluster: true, isReview: true },
  ],
  'authorization.k8s.io/v1': [
    { kind: 'SelfSubjectAccessReview', plural: 'selfsubjectaccessreviews', isCluster: true, isReview: true },
  ],
  'autoscaling/v2': [
    {
      kind: 'HorizontalPodAutoscaler',
      plural: 'horizontalpodautoscalers',
      model: 'V2HorizontalPodAutoscaler',
      short: ['hpa'],
      categories: all,
      hasStatus: true,
    },
  ],
  'batch/v1': [{ kind: 'Job', plural: 'jobs', categories: all, hasStatus: true }],
  'networking.k8s.io/v1': [
    { kind: 'Ingress', plural: 'ingresses', short: ['ing'], hasStatus: true },
    { kind: 'NetworkPolicy', plural: 'networkpolicies', short: ['netpol'] },
  ],
  'policy/v1': [{ kind: 'PodDisruptionBudget', plural: 'poddisruptionbudgets', short: ['pdb'], hasStatus: true }],
  'rbac.authorization.k8s.io/v1': [
    { kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', isCluster: true },
    { kind: 'ClusterRole', plural: 'clusterroles', isCluster: true },
    { kind: 'RoleBinding', plural: 'rolebindings' },
    { kind: 'Role', plural: 'roles' },
  ],
  'apiextensions.k8s.io/v1': [
    {
      kind: 'CustomResourceDefinition',
      plural: 'customresourcedefinitions',
      isCluster: true,
      short: ['crd', 'crds'],
      categories: ['api-extensions'],
      hasStatus: true,
    },
  ],
  'scheduling.k8s.io/v1': [{ kind: 'PriorityClass', plural: 'priorityclasses', isCluster: true, short: ['pc'] }],
  'coordination.k8s.io/v1': [{ kind: 'Lease', plural: 'leases' }],
  'node.k8s.io/v1': [{ kind: 'RuntimeClass', plural: 'runtimeclasses', isCluster: true }],
  'discovery.k8s.io/v1': [{ kind: 'EndpointSlice', plural: 'endpointslices' }],
};

function resourceOf(apiVersion: string, row: Row, schemas: BuiltinSchemas, rules: KindRules): Resource {
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  const isEventAlias = group === 'events.k8s.io';
  return {
    group,
    version,
    plural: row.plural,
    singular: row.kind.toLowerCase(),
    kind: row.kind,
    listKind: `${row.kind}List`,
    namespaced: row.isCluster !== true,
    shortNames: row.short ?? [],
    categories: row.categories ?? [],
    verbs: row.isReview === true ? ['create'] : ALL_VERBS,
    schema: schemas.model(row.model ?? `V1${row.kind}`),
    hasStatus: row.hasStatus === true,
    scale: row.isScalable === true ? REPLICAS : undefined,
    actions: row.actions ?? [],
    isCustom: false,
    rules,
    collection: isEventAlias ? 'events' : group === '' ? row.plural : `${row.plural}.${group}`,
    conversion: isEventAlias ? eventConversion : undefined,
  };
}

export function builtinResources(
  schemas: BuiltinSchemas,
  rulesOf: (kind: string, group: string) => KindRules,
): Resource[] {
  return Object.entries(TABLE).flatMap(([apiVersion, rows]) =>
    rows.map((row) => resourceOf(apiVersion, row, schemas, rulesOf(row.kind, apiVersion.split('/').at(-2) ?? ''))),
  );
}
