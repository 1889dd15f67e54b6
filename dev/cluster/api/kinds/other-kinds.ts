// Rules of the smaller kinds: namespaces, nodes, leases, secrets, config maps, policies, ingresses, roles, claims.
import {
  ensureFields,
  type Fields,
  fieldsAt,
  isFields,
  type KubeObject,
  listAt,
  same,
  setDefault,
  valueAt,
} from '../objects.ts';
import type { KindRules, SelectableField } from '../resource.ts';
import { type FieldError, notAllowed, notSupported, required, wrong } from '../status-error.ts';
import { validatePortReference } from './container-validation.ts';

function text(...path: string[]): SelectableField {
  return { path: path.join('.'), read: (object) => String(valueAt(object, ...path) ?? '') };
}

function validateLease(lease: KubeObject): FieldError[] {
  const spec = fieldsAt(lease, 'spec') ?? {};
  const errors: FieldError[] = [];
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  if (typeof duration === 'number' && duration <= 0)
    errors.push(wrong('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  if (typeof transitions === 'number' && transitions < 0)
    errors.push(wrong('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  return errors;
}

const DATA_KEY = /^[-._a-zA-Z0-9]+$/;
const DATA_KEY_WORDS =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

function validateData(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['data', 'binaryData']) {
    for (const key of Object.keys(fieldsAt(object, field) ?? {})) {
      if (!DATA_KEY.test(key)) errors.push(wrong(`${field}[${key}]`, key, DATA_KEY_WORDS));
    }
  }
  if (old?.immutable === true && !same([object.data, object.binaryData], [old.data, old.binaryData])) {
    errors.push(notAllowed('data', 'field is immutable when `immutable` is set'));
  }
  if (object.kind === 'Secret' && old !== undefined && old.type !== object.type)
    errors.push(wrong('type', object.type, 'field is immutable'));
  return errors;
}

function completeSecret(secret: KubeObject): void {
  setDefault(secret, 'type', 'Opaque');
  if (!isFields(secret.stringData)) return;
  const data = ensureFields(secret, 'data');
  for (const [key, value] of Object.entries(secret.stringData))
    data[key] = Buffer.from(String(value)).toString('base64');
  delete secret.stringData;
}

function completePolicy(policy: KubeObject): void {
  const spec = ensureFields(policy, 'spec');
  setDefault(spec, 'podSelector', {});
  for (const rule of [...listAt(spec, 'ingress'), ...listAt(spec, 'egress')]) {
    for (const port of listAt(rule, 'ports')) setDefault(port, 'protocol', 'TCP');
  }
  if (spec.policyTypes === undefined)
    spec.policyTypes = listAt(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function validatePolicy(policy: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const direction of ['ingress', 'egress']) {
    for (const [index, rule] of listAt(policy.spec, direction).entries()) {
      for (const [at, port] of listAt(rule, 'ports').entries()) {
        const path = `spec.${direction}[${index}].ports[${at}].port`;
        if (port.port !== undefined) errors.push(...validatePortReference(port.port, path));
      }
    }
  }
  return errors;
}

function validateBudget(budget: KubeObject): FieldError[] {
  const spec = fieldsAt(budget, 'spec') ?? {};
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    return [wrong('spec', spec, 'minAvailable and maxUnavailable cannot be both set')];
  }
  return [];
}

function validateIngress(ingress: KubeObject): FieldError[] {
  const spec = fieldsAt(ingress, 'spec') ?? {};
  const rules = listAt(spec, 'rules');
  const errors: FieldError[] = [];
  if (rules.length === 0 && spec.defaultBackend === undefined)
    errors.push(wrong('spec', spec, 'either `defaultBackend` or `rules` must be specified'));
  for (const [index, rule] of rules.entries()) {
    for (const [at, path] of listAt(rule, 'http', 'paths').entries())
      errors.push(...validateIngressPath(path, `spec.rules[${index}].http.paths[${at}]`));
  }
  return errors;
}

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

function validateIngressPath(path: Fields, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (path.pathType === undefined) errors.push(required(`${at}.pathType`, 'pathType must be specified'));
  else if (!PATH_TYPES.includes(String(path.pathType)))
    errors.push(notSupported(`${at}.pathType`, path.pathType, PATH_TYPES));
  if (path.pathType !== 'ImplementationSpecific' && !String(path.path ?? '').startsWith('/'))
    errors.push(wrong(`${at}.path`, path.path ?? '', 'must be an absolute path'));
  const service = fieldsAt(path, 'backend', 'service');
  if (service === undefined && fieldsAt(path, 'backend', 'resource') === undefined)
    errors.push(required(`${at}.backend`, 'must provide either a resource or service backend'));
  if (service !== undefined && (service.name ?? '') === '') errors.push(required(`${at}.backend.service.name`));
  const port = fieldsAt(service, 'port') ?? {};
  if (service !== undefined && port.name === undefined && port.number === undefined)
    errors.push(required(`${at}.backend.service.port.name`, 'port name or number is required'));
  return errors;
}

function completeClaim(claim: KubeObject): void {
  const spec = ensureFields(claim, 'spec');
  setDefault(spec, 'volumeMode', 'Filesystem');
  setDefault(spec, 'resources', {});
  claim.status ??= { phase: 'Pending' };
}

function validateClaim(claim: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = fieldsAt(claim, 'spec') ?? {};
  const errors: FieldError[] = [];
  const modes = Array.isArray(spec.accessModes) ? (spec.accessModes as unknown[]) : [];
  if (modes.length === 0) errors.push(required('spec.accessModes', 'at least 1 access mode is required'));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    errors.push(notAllowed('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'));
  }
  if (fieldsAt(spec, 'resources', 'requests')?.storage === undefined) errors.push(required('spec.resources[storage]'));
  const before = fieldsAt(old, 'spec');
  const fixed = ({ resources: _resources, volumeName: _volume, ...rest }: Fields) => rest;
  if (before !== undefined && !same(fixed(before), fixed(spec))) {
    errors.push(
      notAllowed(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    );
  }
  return errors;
}

function validateBinding(binding: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const ref = fieldsAt(binding, 'roleRef') ?? {};
  if ((ref.name ?? '') === '') errors.push(required('roleRef.name'));
  if (!/^(Role|ClusterRole)$/.test(String(ref.kind)))
    errors.push(notSupported('roleRef.kind', ref.kind ?? '', ['Role', 'ClusterRole']));
  if (old !== undefined && !same(old.roleRef, ref)) errors.push(wrong('roleRef', ref, 'cannot change roleRef'));
  return errors;
}

function completeBinding(binding: KubeObject): void {
  for (const subject of listAt(binding, 'subjects')) {
    if (subject.kind === 'User' || subject.kind === 'Group')
      setDefault(subject, 'apiGroup', 'rbac.authorization.k8s.io');
  }
  const ref = fieldsAt(binding, 'roleRef');
  if (ref !== undefined) setDefault(ref, 'apiGroup', 'rbac.authorization.k8s.io');
}

const role: KindRules = { nameRule: 'path' };
const binding: KindRules = { nameRule: 'path', defaults: completeBinding, validate: validateBinding };

export const otherRules: Readonly<Record<string, KindRules>> = {
  Lease: { skeleton: { spec: {} }, requiresResourceVersion: true, validate: validateLease },
  Namespace: {
    nameRule: 'label',
    skeleton: { spec: {}, status: {} },
    selectableFields: [text('status', 'phase')],
    defaults: (object) => {
      object.metadata.labels ??= {};
      const { labels } = object.metadata;
      if (object.metadata.name !== undefined) labels['kubernetes.io/metadata.name'] = object.metadata.name;
      setDefault(ensureFields(object, 'spec'), 'finalizers', ['kubernetes']);
      object.status ??= { phase: 'Active' };
    },
  },
  Node: {
    skeleton: { spec: {}, status: { daemonEndpoints: { kubeletEndpoint: { Port: 0 } }, nodeInfo: {} } },
    selectableFields: [text('spec', 'unschedulable')],
    defaults: (object) => {
      object.spec ??= {};
    },
  },
  Secret: { selectableFields: [text('type')], defaults: completeSecret, validate: validateData },
  ConfigMap: { validate: validateData },
  NetworkPolicy: {
    hasGeneration: true,
    skeleton: { spec: { podSelector: {} } },
    defaults: completePolicy,
    validate: validatePolicy,
  },
  PodDisruptionBudget: {
    hasGeneration: true,
    requiresResourceVersion: true,
    skeleton: { spec: {}, status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 } },
    defaults: (object) => {
      object.spec ??= {};
      object.status ??= { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
    },
    validate: validateBudget,
  },
  Ingress: {
    hasGeneration: true,
    skeleton: { spec: {}, status: { loadBalancer: {} } },
    defaults: (object) => {
      object.spec ??= {};
      object.status ??= { loadBalancer: {} };
    },
    validate: validateIngress,
  },
  PersistentVolumeClaim: {
    skeleton: { spec: { resources: {} }, status: {} },
    defaults: completeClaim,
    validate: validateClaim,
  },
  HorizontalPodAutoscaler: {
    skeleton: { spec: { scaleTargetRef: {}, maxReplicas: 0 }, status: { currentMetrics: null, desiredReplicas: 0 } },
    defaults: (object) => {
      setDefault(ensureFields(object, 'spec'), 'minReplicas', 1);
      object.status ??= { currentMetrics: null, desiredReplicas: 0 };
    },
  },
  EndpointSlice: { skeleton: { addressType: '', endpoints: null, ports: null } },
  PriorityClass: { defaults: (object) => setDefault(object, 'preemptionPolicy', 'PreemptLowerPriority') },
  RuntimeClass: {},
  Role: role,
  ClusterRole: role,
  RoleBinding: binding,
  ClusterRoleBinding: binding,
};
