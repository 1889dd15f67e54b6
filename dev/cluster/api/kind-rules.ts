// The rules of each built-in kind, by kind name. Kinds that are not here have only what all share: metadata, storage, their schema.
import type { Fields, KubeObject } from './objects.ts';
import { fieldsAt, valueAt } from './objects.ts';
import type { KindRules, SelectableField } from './resource.ts';

const text = (...path: string[]) => ({
  path: path.join('.'),
  read: (object: KubeObject) => {
    const value = valueAt(object, ...path);
    return value === undefined || value === null ? '' : String(value);
  },
});

const POD_FIELDS: readonly SelectableField[] = [
  text('spec', 'nodeName'),
  text('spec', 'restartPolicy'),
  text('spec', 'schedulerName'),
  text('spec', 'serviceAccountName'),
  text('status', 'phase'),
  text('status', 'podIP'),
  text('status', 'nominatedNodeName'),
];

const EVENT_FIELDS: readonly SelectableField[] = [
  ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((key) =>
    text('involvedObject', key),
  ),
  ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((key) => ({
    ...text('involvedObject', key),
    path: `regarding.${key}`,
  })),
  text('reason'),
  text('type'),
  {
    path: 'source',
    read: (object) => String(fieldsAt(object, 'source')?.component ?? object.reportingComponent ?? ''),
  },
  text('reportingComponent'),
];

const podTemplate = (): Fields => ({ metadata: {}, spec: { containers: null } });

export function builtinRules(): Readonly<Record<string, KindRules>> {
  return {
    Pod: { selectableFields: POD_FIELDS, hasGeneration: true, skeleton: { spec: { containers: null }, status: {} } },
    Deployment: {
      hasGeneration: true,
      skeleton: { spec: { selector: null, template: podTemplate(), strategy: {} }, status: {} },
    },
    ReplicaSet: {
      hasGeneration: true,
      skeleton: { spec: { selector: null, template: podTemplate() }, status: { replicas: 0 } },
      selectableFields: [text('status', 'replicas')],
    },
    StatefulSet: {
      hasGeneration: true,
      skeleton: { spec: { selector: null, template: podTemplate(), updateStrategy: {} }, status: {} },
    },
    Job: { hasGeneration: true, skeleton: { spec: { template: podTemplate() }, status: {} } },
    Service: {
      skeleton: { spec: {}, status: { loadBalancer: {} } },
      nameRule: 'label',
      selectableFields: [text('spec', 'clusterIP'), text('spec', 'type')],
    },
    Event: { selectableFields: EVENT_FIELDS, skeleton: { involvedObject: {}, source: {} } },
    Lease: { skeleton: { spec: {} }, requiresResourceVersion: true },
    Namespace: { nameRule: 'label', skeleton: { spec: {}, status: {} }, selectableFields: [text('status', 'phase')] },
    Node: { skeleton: { spec: {}, status: {} }, selectableFields: [text('spec', 'unschedulable')] },
    NetworkPolicy: { hasGeneration: true, skeleton: { spec: { podSelector: {} } } },
    PodDisruptionBudget: { hasGeneration: true, skeleton: { spec: {}, status: {} }, requiresResourceVersion: true },
    Ingress: { hasGeneration: true, skeleton: { spec: {}, status: { loadBalancer: {} } } },
    Secret: { selectableFields: [text('type')] },
    PersistentVolumeClaim: { skeleton: { spec: { resources: {} }, status: {} } },
    CustomResourceDefinition: {
      hasGeneration: true,
      requiresResourceVersion: true,
      skeleton: { spec: { names: {} }, status: { acceptedNames: {} } },
    },
    Role: { nameRule: 'path' },
    ClusterRole: { nameRule: 'path' },
    RoleBinding: { nameRule: 'path' },
    ClusterRoleBinding: { nameRule: 'path' },
  };
}
