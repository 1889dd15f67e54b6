// What `kubectl get` shows of the built-in kinds: the columns that the real server prints, wide ones marked by their priority.
import { age, humanDuration } from '../age.ts';
import { type Fields, fieldsAt, type KubeObject, listAt, valueAt } from '../objects.ts';
import type { Column } from '../resource.ts';
import { AGE_COLUMN } from '../table.ts';
import { podColumns } from './pod-columns.ts';

export function column(name: string, cell: Column['cell'], options: { wide?: true; type?: string } = {}): Column {
  return { name, type: options.type ?? 'string', priority: options.wide === true ? 1 : 0, cell };
}

export function textAt(...path: string[]): (object: KubeObject) => string {
  return (object) => String(valueAt(object, ...path) ?? '');
}

function numberAt(...path: string[]): (object: KubeObject) => number {
  return (object) => Number(valueAt(object, ...path) ?? 0);
}

function orNone(text: string): string {
  return text === '' ? '<none>' : text;
}

function pairs(fields: Fields | undefined): string {
  return orNone(
    Object.entries(fields ?? {})
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(','),
  );
}

function selectorText(selector: Fields | undefined): string {
  return pairs(fieldsAt(selector, 'matchLabels'));
}

function templateText(key: 'name' | 'image'): (object: KubeObject) => string {
  return (object) =>
    listAt(fieldsAt(object, 'spec', 'template', 'spec'), 'containers')
      .map((one) => String(one[key]))
      .join(',');
}

const workloadWide: readonly Column[] = [
  column('Containers', templateText('name'), { wide: true }),
  column('Images', templateText('image'), { wide: true }),
];

function ready(object: KubeObject): string {
  return `${numberAt('status', 'readyReplicas')(object)}/${numberAt('spec', 'replicas')(object)}`;
}

function nodeStatus(node: KubeObject): string {
  const condition = listAt(node, 'status', 'conditions').find((one) => one.type === 'Ready');
  const words =
    condition === undefined
      ? ['Unknown']
      : [condition.status === 'True' ? 'Ready' : condition.status === 'False' ? 'NotReady' : 'Unknown'];
  if (valueAt(node, 'spec', 'unschedulable') === true) words.push('SchedulingDisabled');
  return words.join(',');
}

function nodeRoles(node: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(node.metadata.labels ?? {})
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
  return orNone(roles.sort().join(','));
}

function nodeAddress(type: string): (node: KubeObject) => string {
  return (node) => orNone(String(listAt(node, 'status', 'addresses').find((one) => one.type === type)?.address ?? ''));
}

function servicePorts(service: KubeObject): string {
  return orNone(
    listAt(service, 'spec', 'ports')
      .map(
        (port) =>
          `${String(port.port)}${port.nodePort === undefined ? '' : `:${String(port.nodePort)}`}/${String(port.protocol)}`,
      )
      .join(','),
  );
}

function eventObject(event: KubeObject): string {
  const involved = fieldsAt(event, 'involvedObject') ?? {};
  return `${String(involved.kind ?? '').toLowerCase()}/${String(involved.name ?? '')}`;
}

function eventAge(event: KubeObject, nowMs: number): string {
  const last =
    valueAt(event, 'series', 'lastObservedTime') ??
    event.lastTimestamp ??
    event.eventTime ??
    event.metadata.creationTimestamp;
  const first = event.firstTimestamp ?? event.eventTime;
  const count = Number(valueAt(event, 'series', 'count') ?? event.count ?? 1);
  const span = age(String(last), nowMs);
  return count > 1 && typeof first === 'string' ? `${span} (x${count} over ${age(first, nowMs)})` : span;
}

function endpointAddresses(slice: KubeObject): string {
  const all = listAt(slice, 'endpoints').flatMap((endpoint) =>
    Array.isArray(endpoint.addresses) ? (endpoint.addresses as string[]) : [],
  );
  if (all.length === 0) return '<unset>';
  return all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : all.join(',');
}

function ingressHosts(ingress: KubeObject): string {
  return (
    listAt(ingress, 'spec', 'rules')
      .map((rule) => String(rule.host ?? '*'))
      .join(',') || '*'
  );
}

function jobDuration(job: KubeObject, nowMs: number): string {
  const start = valueAt(job, 'status', 'startTime');
  if (typeof start !== 'string') return '';
  const end = valueAt(job, 'status', 'completionTime');
  return humanDuration((typeof end === 'string' ? Date.parse(end) : nowMs) - Date.parse(start));
}

function jobStatus(job: KubeObject): string {
  const found = listAt(job, 'status', 'conditions').find(
    (one) => one.status === 'True' && /^(Complete|Failed|Suspended)$/.test(String(one.type)),
  );
  return found === undefined
    ? job.metadata.deletionTimestamp === undefined
      ? 'Running'
      : 'Terminating'
    : String(found.type);
}

function orNA(...path: string[]): (object: KubeObject) => string {
  return (object) => String(valueAt(object, ...path) ?? 'N/A');
}

const dataCount = (object: KubeObject) =>
  Object.keys(fieldsAt(object, 'data') ?? {}).length + Object.keys(fieldsAt(object, 'binaryData') ?? {}).length;
const roleOf = (binding: KubeObject) => `${textAt('roleRef', 'kind')(binding)}/${textAt('roleRef', 'name')(binding)}`;
const nodeInfo = (key: string) => (node: KubeObject) => String(valueAt(node, 'status', 'nodeInfo', key) ?? '<unknown>');
const created: Column = { ...AGE_COLUMN, name: 'Created At', cell: (object) => object.metadata.creationTimestamp };

export function builtinColumns(): Readonly<Record<string, readonly Column[]>> {
  return {
    Pod: podColumns,
    Deployment: [
      column('Ready', ready),
      column('Up-to-date', numberAt('status', 'updatedReplicas'), { type: 'integer' }),
      column('Available', numberAt('status', 'availableReplicas'), { type: 'integer' }),
      AGE_COLUMN,
      ...workloadWide,
      column('Selector', (object) => selectorText(fieldsAt(object, 'spec', 'selector')), { wide: true }),
    ],
    ReplicaSet: [
      column('Desired', numberAt('spec', 'replicas'), { type: 'integer' }),
      column('Current', numberAt('status', 'replicas'), { type: 'integer' }),
      column('Ready', numberAt('status', 'readyReplicas'), { type: 'integer' }),
      AGE_COLUMN,
      ...workloadWide,
      column('Selector', (object) => selectorText(fieldsAt(object, 'spec', 'selector')), { wide: true }),
    ],
    StatefulSet: [column('Ready', ready), AGE_COLUMN, ...workloadWide],
    Job: [
      column('Status', jobStatus),
      column(
        'Completions',
        (job) => `${numberAt('status', 'succeeded')(job)}/${String(valueAt(job, 'spec', 'completions') ?? 1)}`,
      ),
      column('Duration', jobDuration),
      AGE_COLUMN,
      ...workloadWide,
    ],
    Node: [
      column('Status', nodeStatus),
      column('Roles', nodeRoles),
      AGE_COLUMN,
      column('Version', nodeInfo('kubeletVersion')),
      column('Internal-IP', nodeAddress('InternalIP'), { wide: true }),
      column('External-IP', nodeAddress('ExternalIP'), { wide: true }),
      column('OS-Image', nodeInfo('osImage'), { wide: true }),
      column('Kernel-Version', nodeInfo('kernelVersion'), { wide: true }),
      column('Container-Runtime', nodeInfo('containerRuntimeVersion'), { wide: true }),
    ],
    Service: [
      column('Type', textAt('spec', 'type')),
      column('Cluster-IP', (object) => orNone(textAt('spec', 'clusterIP')(object))),
      column('External-IP', (object) => orNone(textAt('spec', 'externalName')(object))),
      column('Port(s)', servicePorts),
      AGE_COLUMN,
      column('Selector', (object) => pairs(fieldsAt(object, 'spec', 'selector')), { wide: true }),
    ],
    EndpointSlice: [
      column('AddressType', textAt('addressType')),
      column(
        'Ports',
        (slice) =>
          listAt(slice, 'ports')
            .map((port) => String(port.port ?? '*'))
            .join(',') || '<unset>',
      ),
      column('Endpoints', endpointAddresses),
      AGE_COLUMN,
    ],
    Namespace: [column('Status', textAt('status', 'phase')), AGE_COLUMN],
    ConfigMap: [column('Data', dataCount, { type: 'integer' }), AGE_COLUMN],
    Secret: [column('Type', textAt('type')), column('Data', dataCount, { type: 'integer' }), AGE_COLUMN],
    ServiceAccount: [AGE_COLUMN],
    Event: [
      column('Last Seen', eventAge),
      column('Type', textAt('type')),
      column('Reason', textAt('reason')),
      column('Object', eventObject),
      column('Subobject', textAt('involvedObject', 'fieldPath'), { wide: true }),
      column('Source', (event) => String(valueAt(event, 'source', 'component') ?? event.reportingComponent ?? ''), {
        wide: true,
      }),
      column('Message', (event) => String(event.message ?? '').trim()),
      column('First Seen', (event, nowMs) => age(String(event.firstTimestamp ?? event.eventTime ?? ''), nowMs), {
        wide: true,
      }),
      column('Count', (event) => Number(valueAt(event, 'series', 'count') ?? event.count ?? 1), {
        wide: true,
        type: 'integer',
      }),
      column('Name', (event) => event.metadata.name, { wide: true }),
    ],
    Lease: [column('Holder', textAt('spec', 'holderIdentity')), AGE_COLUMN],
    PodDisruptionBudget: [
      column('Min Available', orNA('spec', 'minAvailable')),
      column('Max Unavailable', orNA('spec', 'maxUnavailable')),
      column('Allowed Disruptions', numberAt('status', 'disruptionsAllowed'), { type: 'integer' }),
      AGE_COLUMN,
    ],
    NetworkPolicy: [
      column('Pod-Selector', (policy) => selectorText(fieldsAt(policy, 'spec', 'podSelector'))),
      AGE_COLUMN,
    ],
    Ingress: [
      column('Class', (ingress) => orNone(textAt('spec', 'ingressClassName')(ingress))),
      column('Hosts', ingressHosts),
      column('Address', (ingress) =>
        listAt(ingress, 'status', 'loadBalancer', 'ingress')
          .map((one) => String(one.ip ?? one.hostname))
          .join(','),
      ),
      column('Ports', (ingress) => (listAt(ingress, 'spec', 'tls').length > 0 ? '80, 443' : '80')),
      AGE_COLUMN,
    ],
    PersistentVolumeClaim: [
      column('Status', textAt('status', 'phase')),
      column('Volume', textAt('spec', 'volumeName')),
      column('Capacity', textAt('status', 'capacity', 'storage')),
      column('Access Modes', (claim) =>
        ((valueAt(claim, 'spec', 'accessModes') as string[] | undefined) ?? []).map(shortMode).join(','),
      ),
      column('StorageClass', textAt('spec', 'storageClassName')),
      AGE_COLUMN,
    ],
    HorizontalPodAutoscaler: [
      column(
        'Reference',
        (hpa) => `${textAt('spec', 'scaleTargetRef', 'kind')(hpa)}/${textAt('spec', 'scaleTargetRef', 'name')(hpa)}`,
      ),
      column('MinPods', textAt('spec', 'minReplicas')),
      column('MaxPods', numberAt('spec', 'maxReplicas'), { type: 'integer' }),
      column('Replicas', numberAt('status', 'currentReplicas'), { type: 'integer' }),
      AGE_COLUMN,
    ],
    CustomResourceDefinition: [created],
    Role: [created],
    ClusterRole: [created],
    RoleBinding: [column('Role', roleOf), AGE_COLUMN],
    ClusterRoleBinding: [column('Role', roleOf), AGE_COLUMN],
    PriorityClass: [
      column('Value', numberAt('value'), { type: 'integer' }),
      column('Global-Default', (one) => one.globalDefault === true, { type: 'boolean' }),
      AGE_COLUMN,
    ],
  };
}

function shortMode(mode: string): string {
  return (
    (
      { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' } as Record<
        string,
        string
      >
    )[mode] ?? mode
  );
}
