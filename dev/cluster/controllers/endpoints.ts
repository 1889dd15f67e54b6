// Service -> EndpointSlices: which pods answer for a Service, in which state, on which port. A slice per set of resolved ports, as a
// named target port may mean different numbers in different pods. Nothing here opens a connection.
import { createHash } from 'node:crypto';
import type { ClusterClient } from '../client.ts';
import { isNotFound } from '../client.ts';
import { isPodFinished, isPodReady, ownerReference } from '../conditions.ts';
import type { Endpoint, EndpointPort, EndpointSlice, Pod, Service } from '../objects.ts';
import { endpointSlices as sliceResource } from '../resources.ts';
import { matches } from '../selector.ts';
import { splitKey, type WatchCache } from '../watch-cache.ts';

export type EndpointParts = {
  readonly client: ClusterClient;
  readonly services: WatchCache<Service>;
  readonly pods: WatchCache<Pod>;
  readonly slices: WatchCache<EndpointSlice>;
};

const serviceLabel = 'kubernetes.io/service-name';
const managedBy = { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' };

export async function syncEndpoints(parts: EndpointParts, key: string): Promise<undefined> {
  const service = parts.services.get(key);
  const { namespace, name } = splitKey(key);
  const known = parts.slices.list().filter((slice) => {
    const labels = slice.metadata.labels ?? {};
    return (
      slice.metadata.namespace === namespace &&
      labels[serviceLabel] === name &&
      matches({ matchLabels: managedBy }, labels)
    );
  });
  const wanted =
    service?.spec.selector && !service.metadata.deletionTimestamp ? slicesOf(service, parts.pods.list()) : [];
  const left = [...known];
  for (const slice of wanted) {
    const index = left.findIndex((entry) => JSON.stringify(entry.ports ?? []) === JSON.stringify(slice.ports));
    const same = index >= 0 ? left.splice(index, 1)[0] : left.shift();
    if (service) await writeSlice(parts, service, same, slice);
  }
  for (const slice of left) await removeSlice(parts, slice);
  return undefined;
}

export type SliceContent = { readonly endpoints: readonly Endpoint[]; readonly ports: readonly EndpointPort[] };

/** Pure: what the slices of a Service should hold. A Service whose pods are all gone keeps one empty slice, as the real one does. */
export function slicesOf(service: Service, pods: readonly Pod[]): readonly SliceContent[] {
  const slices = new Map<string, { endpoints: Endpoint[]; ports: readonly EndpointPort[] }>();
  const selector = { matchLabels: service.spec.selector ?? {} };
  for (const pod of [...pods].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))) {
    const isOurs = pod.metadata.namespace === service.metadata.namespace && matches(selector, pod.metadata.labels);
    if (!isOurs || isPodFinished(pod) || !pod.status?.podIP) continue;
    const ports = portsOf(service, pod);
    if (ports.length === 0 && (service.spec.ports ?? []).length > 0) continue;
    const key = JSON.stringify(ports);
    const slice = slices.get(key) ?? { endpoints: [], ports };
    slice.endpoints.push(endpointOf(service, pod));
    slices.set(key, slice);
  }
  return slices.size > 0 ? [...slices.values()] : [{ endpoints: [], ports: [] }];
}

function endpointOf(service: Service, pod: Pod): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const { name, namespace, uid } = pod.metadata;
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready, serving, terminating },
    targetRef: { kind: 'Pod', ...(namespace ? { namespace } : {}), name, uid },
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
  };
}

/** A named target port that the pod does not have leaves that port out; native sidecars' ports count, plain init containers' do not. */
function portsOf(service: Service, pod: Pod): readonly EndpointPort[] {
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  const offered = [...pod.spec.containers, ...sidecars].flatMap((container) => container.ports ?? []);
  return (service.spec.ports ?? []).flatMap((port): EndpointPort[] => {
    const protocol = port.protocol ?? 'TCP';
    const target = port.targetPort ?? port.port;
    const found = offered.find((entry) => entry.name === target && (entry.protocol ?? 'TCP') === protocol);
    const number = typeof target === 'number' ? target : found?.containerPort;
    if (number === undefined) return [];
    return [
      { name: port.name ?? '', port: number, protocol, ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}) },
    ];
  });
}

async function writeSlice(
  parts: EndpointParts,
  service: Service,
  known: EndpointSlice | undefined,
  content: SliceContent,
): Promise<void> {
  const namespace = service.metadata.namespace ?? '';
  if (!known) {
    const suffix = createHash('sha256')
      .update(JSON.stringify(content.ports) + service.metadata.uid)
      .digest('hex')
      .slice(0, 5);
    const created = await parts.client.create(
      sliceResource,
      { namespace },
      {
        metadata: {
          name: `${service.metadata.name}-${suffix}`,
          generateName: `${service.metadata.name}-`,
          namespace,
          labels: { ...service.metadata.labels, [serviceLabel]: service.metadata.name, ...managedBy },
          ownerReferences: [ownerReference(service, 'Service', 'v1')],
        },
        addressType: 'IPv4',
        ...content,
      },
    );
    parts.slices.observe(created);
    return;
  }
  if (canonical(known) === canonical(content)) return;
  const at = { namespace, name: known.metadata.name };
  parts.slices.observe(await parts.client.patch(sliceResource, at, 'merge', content));
}

async function removeSlice(parts: EndpointParts, slice: EndpointSlice): Promise<void> {
  const at = { namespace: slice.metadata.namespace ?? '', name: slice.metadata.name };
  try {
    await parts.client.delete(sliceResource, at);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  parts.slices.forget(slice);
}

function canonical(slice: {
  readonly endpoints: readonly Endpoint[] | null;
  readonly ports: readonly EndpointPort[] | null;
}): string {
  const endpoints = (slice.endpoints ?? []).map((endpoint) => {
    const { ready, serving, terminating } = endpoint.conditions;
    return [endpoint.addresses, ready, serving, terminating, endpoint.targetRef?.uid, endpoint.nodeName];
  });
  return JSON.stringify([endpoints, (slice.ports ?? []).map((port) => [port.name, port.port, port.protocol])]);
}
