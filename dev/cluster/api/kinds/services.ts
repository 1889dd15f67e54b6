// Rules of Services: defaults, cluster addresses (10.96.0.0/16, given out once), and validation.
import { labelFaults, nameFaults } from '../names.ts';
import { ensureFields, type Fields, fieldsAt, type KubeObject, listAt, setDefault } from '../objects.ts';
import type { KindRules } from '../resource.ts';
import { duplicate, type FieldError, notSupported, required, wrong } from '../status-error.ts';
import { isPort, validatePortReference } from './container-validation.ts';

/** Gives out addresses in order; none is used twice in the life of a server, which makes mistakes visible. */
function addressPool(): () => string {
  let next = 256;
  return () => {
    next += 1;
    return `10.96.${Math.floor(next / 256) % 256}.${next % 256}`;
  };
}

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

function defaultService(object: KubeObject): void {
  const spec = ensureFields(object, 'spec');
  setDefault(spec, 'type', 'ClusterIP');
  setDefault(spec, 'sessionAffinity', 'None');
  for (const port of listAt(spec, 'ports')) {
    setDefault(port, 'protocol', 'TCP');
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (spec.type !== 'ExternalName') setDefault(spec, 'internalTrafficPolicy', 'Cluster');
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') setDefault(spec, 'externalTrafficPolicy', 'Cluster');
  if (spec.type === 'LoadBalancer') setDefault(spec, 'allocateLoadBalancerNodePorts', true);
  object.status ??= { loadBalancer: {} };
}

function giveAddress(spec: Fields, take: () => string): void {
  if (spec.type === 'ExternalName') return;
  if (spec.clusterIP === undefined || spec.clusterIP === '') spec.clusterIP = take();
  spec.clusterIPs = [spec.clusterIP];
  setDefault(spec, 'ipFamilies', ['IPv4']);
  setDefault(spec, 'ipFamilyPolicy', 'SingleStack');
}

/** An update that leaves out what the server gave keeps it. */
function keepAddress(object: KubeObject, old: KubeObject): void {
  const [spec, before] = [ensureFields(object, 'spec'), fieldsAt(old, 'spec') ?? {}];
  for (const key of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    if ((spec[key] === undefined || spec[key] === '') && before[key] !== undefined) spec[key] = before[key];
  }
}

function validateService(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = object.spec as Fields;
  const errors: FieldError[] = [];
  const ports = listAt(spec, 'ports');
  const isHeadless = spec.clusterIP === 'None';
  if (ports.length === 0 && !isHeadless && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  if (!TYPES.includes(String(spec.type))) errors.push(notSupported('spec.type', spec.type, TYPES));
  errors.push(...validatePorts(ports), ...labelFaults(spec.selector, 'spec.selector'));
  if (spec.type === 'ExternalName' && (spec.externalName ?? '') === '') errors.push(required('spec.externalName'));
  if (!/^(None|ClientIP)$/.test(String(spec.sessionAffinity)))
    errors.push(notSupported('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']));
  const before = fieldsAt(old, 'spec');
  if (before?.clusterIP !== undefined && before.clusterIP !== spec.clusterIP && spec.type !== 'ExternalName') {
    errors.push(wrong('spec.clusterIPs[0]', [spec.clusterIP], 'may not change once set'));
  }
  return errors;
}

function validatePorts(ports: readonly Fields[]): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const places = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    const name = typeof port.name === 'string' ? port.name : '';
    if (name === '' && ports.length > 1) errors.push(required(`${at}.name`));
    if (name !== '') for (const fault of nameFaults(name, 'label')) errors.push(wrong(`${at}.name`, name, fault));
    if (name !== '' && names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    errors.push(...validatePort(port, at));
    const place = `${String(port.protocol)} ${String(port.port)}`;
    if (places.has(place)) errors.push(duplicate(at, { port: port.port, protocol: port.protocol }));
    places.add(place);
  }
  return errors;
}

function validatePort(port: Fields, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!isPort(port.port)) errors.push(wrong(`${at}.port`, port.port ?? 0, 'must be between 1 and 65535, inclusive'));
  if (!/^(TCP|UDP|SCTP)$/.test(String(port.protocol)))
    errors.push(notSupported(`${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']));
  if (port.targetPort !== undefined) errors.push(...validatePortReference(port.targetPort, `${at}.targetPort`));
  return errors;
}

export function serviceRules(): KindRules {
  const take = addressPool();
  return {
    nameRule: 'service',
    skeleton: { spec: {}, status: { loadBalancer: {} } },
    defaults: defaultService,
    admit: (object) => giveAddress(object.spec as Fields, take),
    prepareUpdate: keepAddress,
    validate: validateService,
    selectableFields: ['clusterIP', 'type'].map((key) => ({
      path: `spec.${key}`,
      read: (object: KubeObject) => String(fieldsAt(object, 'spec')?.[key] ?? ''),
    })),
  };
}
