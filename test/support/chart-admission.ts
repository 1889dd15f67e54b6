// What an API server says of rendered objects: each is sent to the cluster on loopback, which decodes and validates it as a real one
// does, together with the pods that its controllers would make.

import type { Rendered } from './chart.ts';
import { clusterScoped } from './chart.ts';
import { InProcessApi } from './in-process-api.ts';

/** Prometheus' kinds have definitions of their own, which are not ours. */
const isServed = ({ apiVersion }: Rendered): boolean => !apiVersion.startsWith('monitoring.coreos.com/');

/** A sentence for each object that is refused, or that has unknown fields; empty where all are taken. */
export function refusals(objects: readonly Rendered[]): readonly string[] {
  const api = new InProcessApi();
  const send = (object: Rendered): readonly string[] => {
    const { code, body, warnings } = api.send('POST', `${pathOf(object)}?fieldValidation=Strict`, object);
    const why = code < 300 ? warnings : [String(body.message)];
    return why.map((words) => `${object.kind} ${object.metadata.name}: ${words}`);
  };
  const namespaces = new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []));
  for (const name of namespaces) send({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const pods = objects.flatMap(podOf);
  const refused = objects.filter(isServed).flatMap(send);
  for (const given of pods.flatMap(givenFor)) send(given);
  return [...refused, ...pods.flatMap(send)];
}

/** What a pod names and people bring. */
function givenFor({ metadata: { namespace }, spec }: Rendered): readonly Rendered[] {
  const { priorityClassName, serviceAccountName = 'default' } = spec;
  const accounts = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: serviceAccountName, namespace } };
  const priority = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', value: 1 };
  return priorityClassName === undefined
    ? [accounts]
    : [accounts, { ...priority, metadata: { name: priorityClassName } }];
}

/** The first pod of a StatefulSet, a Deployment's by way of its ReplicaSet: named and labelled as Kubernetes does. */
function podOf({ kind, metadata, spec }: Rendered): readonly Rendered[] {
  const hash = '5d8c4b7f9b';
  const pod = (name: string, labels: Rendered) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...spec.template.metadata, name, namespace: metadata.namespace, labels },
    spec: { ...spec.template.spec, hostname: name.slice(0, 63).replace(/-$/, '') },
  });
  if (kind === 'Deployment') {
    const labels = { ...spec.template.metadata.labels, 'pod-template-hash': hash };
    return [pod(`${metadata.name}-${hash}-x7k2p`, labels)];
  }
  if (kind !== 'StatefulSet') return [];
  const name = `${metadata.name}-0`;
  const labels = {
    ...spec.template.metadata.labels,
    'controller-revision-hash': `${metadata.name}-${hash}`,
    'statefulset.kubernetes.io/pod-name': name,
    'apps.kubernetes.io/pod-index': '0',
  };
  const claimed = (spec.volumeClaimTemplates ?? []).map(({ metadata: claim }: Rendered) => ({
    name: claim.name,
    persistentVolumeClaim: { claimName: `${claim.name}-${name}` },
  }));
  const one = pod(name, labels);
  return [{ ...one, spec: { ...one.spec, volumes: [...one.spec.volumes, ...claimed] } }];
}

function pathOf({ apiVersion, kind, metadata }: Rendered): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies').replace(/sss$/, 'sses');
  return clusterScoped.has(kind) || kind === 'Namespace' || kind === 'PriorityClass'
    ? `${root}/${plural}`
    : `${root}/namespaces/${metadata.namespace}/${plural}`;
}
