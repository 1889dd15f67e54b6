// The environment of a container: service links, envFrom, env with valueFrom and $(VAR), in the kubelet's order and with its errors.
// What values mean on this machine is translation.ts. Pure: Secrets and ConfigMaps come through a lookup.
import type { ConfigMap, Labels, Secret, Service } from '../objects.ts';
import type { Container, EnvVar, KeyRef, Pod } from '../pod.ts';
import { quantity } from '../quantity.ts';

/** A missing Secret, key or ConfigMap: CreateContainerConfigError, in the kubelet's words. */
export class ConfigError extends Error {}

export type Lookup = {
  readonly secret: (name: string) => Secret | undefined;
  readonly configMap: (name: string) => ConfigMap | undefined;
};
export type PodFacts = { readonly podIP: string; readonly hostIP: string; readonly nodeName: string };

export function environmentOf(pod: Pod, container: Container, facts: PodFacts, lookup: Lookup, links: Labels): Labels {
  const result: Record<string, string> = {};
  for (const source of container.envFrom ?? []) {
    const prefix = source.prefix ?? '';
    if (source.configMapRef) {
      const found = required(lookup.configMap(source.configMapRef.name), 'configmap', source.configMapRef);
      for (const [key, value] of Object.entries(found?.data ?? {})) result[prefix + key] = value;
    }
    if (source.secretRef) {
      const found = required(lookup.secret(source.secretRef.name), 'secret', source.secretRef);
      for (const [key, value] of Object.entries(found?.data ?? {})) result[prefix + key] = decoded(value);
    }
  }
  for (const variable of container.env ?? []) {
    const value = variableValue(pod, container, variable, facts, lookup, { ...links, ...result });
    if (value !== undefined) result[variable.name] = value;
  }
  // Service links never win against what the container says.
  return { ...links, ...result };
}

function variableValue(
  pod: Pod,
  container: Container,
  variable: EnvVar,
  facts: PodFacts,
  lookup: Lookup,
  known: Labels,
): string | undefined {
  const from = variable.valueFrom;
  if (!from) return expand(variable.value ?? '', known);
  if (from.secretKeyRef) {
    const { name, optional } = from.secretKeyRef;
    const found = required(lookup.secret(name), 'secret', { name, ...(optional ? { optional } : {}) });
    const value = found && keyOf(found.data, from.secretKeyRef, 'Secret', pod);
    return value === undefined ? undefined : decoded(value);
  }
  if (from.configMapKeyRef) {
    const { name, optional } = from.configMapKeyRef;
    const found = required(lookup.configMap(name), 'configmap', { name, ...(optional ? { optional } : {}) });
    return found && keyOf(found.data, from.configMapKeyRef, 'ConfigMap', pod);
  }
  if (from.fieldRef) return fieldOf(pod, from.fieldRef.fieldPath, facts);
  if (from.resourceFieldRef) return resourceOf(pod, container, from.resourceFieldRef);
  return '';
}

function required<T>(
  found: T | undefined,
  kind: string,
  reference: { readonly name: string; readonly optional?: boolean },
): T | undefined {
  if (!found && !reference.optional) throw new ConfigError(`${kind} "${reference.name}" not found`);
  return found;
}

function keyOf(data: Labels | undefined, reference: KeyRef, kind: string, pod: Pod): string | undefined {
  const value = data?.[reference.key];
  if (value === undefined && !reference.optional) {
    throw new ConfigError(`couldn't find key ${reference.key} in ${kind} ${pod.metadata.namespace}/${reference.name}`);
  }
  return value;
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

export function fieldOf(pod: Pod, path: string, facts: PodFacts): string {
  const quoted = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (quoted) return pod.metadata[quoted[1] as 'labels' | 'annotations']?.[quoted[2] ?? ''] ?? '';
  const { name, namespace = '', uid, labels = {}, annotations = {} } = pod.metadata;
  const lines = (map: Labels): string =>
    Object.entries(map)
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .sort()
      .join('\n');
  const fields: Labels = {
    'metadata.name': name,
    'metadata.namespace': namespace,
    'metadata.uid': uid,
    'metadata.labels': lines(labels),
    'metadata.annotations': lines(annotations),
    'spec.nodeName': facts.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? 'default',
    'status.hostIP': facts.hostIP,
    'status.hostIPs': facts.hostIP,
    'status.podIP': facts.podIP,
    'status.podIPs': facts.podIP,
  };
  const value = fields[path];
  if (value === undefined) throw new ConfigError(`unsupported fieldPath: ${path}`);
  return value;
}

function resourceOf(
  pod: Pod,
  container: Container,
  ref: { readonly resource: string; readonly containerName?: string; readonly divisor?: string },
): string {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const of = ref.containerName ? all.find((entry) => entry.name === ref.containerName) : container;
  const [list = '', ...name] = ref.resource.split('.');
  const amounts = list === 'limits' ? of?.resources?.limits : of?.resources?.requests;
  const divisor = quantity(ref.divisor && ref.divisor !== '0' ? ref.divisor : '1');
  return String(Math.ceil(quantity(amounts?.[name.join('.')]) / divisor));
}

/** $(NAME) where NAME is known, $$(NAME) for a literal; an unknown one stays as it is. */
export function expand(text: string, known: Labels): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, rest: string, name: string | undefined) => {
    if (rest === '$') return '$';
    return name !== undefined && known[name] !== undefined ? known[name] : whole;
  });
}

/**
 * The variables that Kubernetes sets for each Service of the namespace. They are a trap worth keeping: a Service named `vllm` sets
 * VLLM_PORT to `tcp://...`, and a program that reads its port there does not start.
 */
export function serviceLinks(services: readonly Service[]): Labels {
  const links: Record<string, string> = {};
  for (const service of services) {
    const { clusterIP, ports = [] } = service.spec;
    if (!clusterIP || clusterIP === 'None') continue;
    const prefix = service.metadata.name.toUpperCase().replaceAll('-', '_');
    links[`${prefix}_SERVICE_HOST`] = clusterIP;
    ports.forEach((port, index) => {
      const protocol = (port.protocol ?? 'TCP').toLowerCase();
      const url = `${protocol}://${clusterIP}:${port.port}`;
      if (index === 0) {
        links[`${prefix}_SERVICE_PORT`] = String(port.port);
        links[`${prefix}_PORT`] = url;
      }
      if (port.name)
        links[`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`] = String(port.port);
      const base = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
      Object.assign(links, {
        [base]: url,
        [`${base}_PROTO`]: protocol,
        [`${base}_PORT`]: String(port.port),
        [`${base}_ADDR`]: clusterIP,
      });
    });
  }
  return links;
}
