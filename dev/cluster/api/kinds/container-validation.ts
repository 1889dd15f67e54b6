// Validation of containers: names, images, ports, variables, mounts, probes, hooks, resources; in the words of the real server.
import type { IntOrString } from '../../objects.ts';
import { quantity } from '../../quantity.ts';
import { nameFaults } from '../names.ts';
import { type Fields, isFields, listAt } from '../objects.ts';
import { duplicate, type FieldError, missing, notAllowed, notSupported, required, wrong } from '../status-error.ts';

export interface ContainerContext {
  readonly volumes: ReadonlySet<string>;
  readonly isInit: boolean;
}

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const PORT_WORDS = 'must be between 1 and 65535, inclusive';

export function validateContainer(container: Fields, path: string, context: ContainerContext): FieldError[] {
  const errors: FieldError[] = [];
  const name = container.name;
  if (typeof name !== 'string' || name === '') errors.push(required(`${path}.name`));
  else for (const fault of nameFaults(name, 'label')) errors.push(wrong(`${path}.name`, name, fault));
  if (typeof container.image !== 'string' || container.image === '') errors.push(required(`${path}.image`));
  else if (container.image.trim() !== container.image)
    errors.push(wrong(`${path}.image`, container.image, 'must not have leading or trailing whitespace'));
  if (!PULL_POLICIES.includes(String(container.imagePullPolicy))) {
    errors.push(notSupported(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES));
  }
  errors.push(
    ...validatePorts(listAt(container, 'ports'), `${path}.ports`),
    ...validateVariables(listAt(container, 'env'), `${path}.env`),
    ...validateMounts(listAt(container, 'volumeMounts'), `${path}.volumeMounts`, context.volumes),
    ...validateResources(container.resources, `${path}.resources`),
    ...validateRestart(container, path, context.isInit),
    ...validateProbes(container, path, context.isInit),
  );
  return errors;
}

function validatePorts(ports: readonly Fields[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`;
    if (typeof port.name === 'string' && port.name !== '') {
      errors.push(...portNameFaults(port.name, `${at}.name`));
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    const number = port.containerPort;
    if (number === undefined || number === 0) errors.push(required(`${at}.containerPort`));
    else if (!isPort(number)) errors.push(wrong(`${at}.containerPort`, number, PORT_WORDS));
    if (port.hostPort !== undefined && port.hostPort !== 0 && !isPort(port.hostPort))
      errors.push(wrong(`${at}.hostPort`, port.hostPort, PORT_WORDS));
    if (!/^(TCP|UDP|SCTP)$/.test(String(port.protocol)))
      errors.push(notSupported(`${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']));
  }
  return errors;
}

export function isPort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

export function portNameFaults(name: string, field: string): FieldError[] {
  const faults: string[] = [];
  if (name.length > 15) faults.push('must be no more than 15 bytes');
  if (!/^[-a-z0-9]+$/.test(name)) faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) faults.push('must contain at least one letter (a-z)');
  if (name.includes('--')) faults.push('must not contain consecutive hyphens');
  if (/^-|-$/.test(name)) faults.push('must not begin or end with a hyphen');
  return faults.map((fault) => wrong(field, name, fault));
}

function validateVariables(variables: readonly Fields[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, { name, value, valueFrom }] of variables.entries()) {
    const at = `${path}[${index}]`;
    if (typeof name !== 'string' || name === '') errors.push(required(`${at}.name`));
    else if (!/^[ -<>-~]+$/.test(name)) {
      errors.push(
        wrong(
          `${at}.name`,
          name,
          "a valid environment variable name must consist only of printable ASCII characters other than '='",
        ),
      );
    }
    if (isFields(valueFrom)) errors.push(...validateSource(valueFrom, value, `${at}.valueFrom`));
  }
  return errors;
}

function validateSource(valueFrom: Fields, value: unknown, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const sources = Object.keys(valueFrom);
  const known = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
  if (sources.length === 0) errors.push(wrong(at, '', `must specify one of: ${known}`));
  if (typeof value === 'string' && value !== '')
    errors.push(wrong(at, '', 'may not be specified when `value` is not empty'));
  if (sources.length > 1) errors.push(wrong(at, '', 'may not have more than one field specified at a time'));
  for (const key of ['secretKeyRef', 'configMapKeyRef']) {
    if (isFields(valueFrom[key]) && (valueFrom[key].key ?? '') === '') errors.push(required(`${at}.${key}.key`));
  }
  return errors;
}

function validateMounts(mounts: readonly Fields[], path: string, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const paths = new Set<string>();
  for (const [index, mount] of mounts.entries()) {
    const at = `${path}[${index}]`;
    if ((mount.name ?? '') === '') errors.push(required(`${at}.name`));
    else if (!volumes.has(String(mount.name))) errors.push(missing(`${at}.name`, mount.name));
    if ((mount.mountPath ?? '') === '') errors.push(required(`${at}.mountPath`));
    if (paths.has(String(mount.mountPath))) errors.push(wrong(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    paths.add(String(mount.mountPath));
  }
  return errors;
}

const STANDARD = new Set(['cpu', 'memory', 'ephemeral-storage', 'storage']);
/** What is no quantity is refused before (prune.ts). */
const quantityValue = (text: unknown): number => quantity(text as IntOrString | undefined);

/** Devices and other extended resources cannot be shared or overcommitted: whole numbers, and requests equal to limits. */
function validateResources(resources: unknown, path: string): FieldError[] {
  if (!isFields(resources)) return [];
  const limits = isFields(resources.limits) ? resources.limits : {};
  const requests = isFields(resources.requests) ? resources.requests : {};
  const errors = [...validateAmounts(limits, `${path}.limits`), ...validateAmounts(requests, `${path}.requests`)];
  for (const [name, value] of Object.entries(requests)) {
    const limit = limits[name];
    const at = `${path}.requests`;
    if (isExtended(name) && limit === undefined)
      errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    else if (isExtended(name) && quantityValue(limit) !== quantityValue(value))
      errors.push(wrong(at, value, `must be equal to ${name} limit of ${String(limit)}`));
    else if (limit !== undefined && quantityValue(value) > quantityValue(limit)) {
      errors.push(wrong(at, value, `must be less than or equal to ${name} limit of ${String(limit)}`));
    }
  }
  return errors;
}

function validateAmounts(amounts: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(amounts)) {
    const at = `${path}[${name}]`;
    if (!STANDARD.has(name) && !name.includes('/') && !name.startsWith('hugepages-')) {
      errors.push(wrong(at, name, 'must be a standard resource type or fully qualified'));
      errors.push(wrong(at, name, 'must be a standard resource for containers'));
    }
    if (quantityValue(value) < 0) errors.push(wrong(at, value, 'must be greater than or equal to 0'));
    if (isExtended(name) && !Number.isInteger(quantityValue(value)))
      errors.push(wrong(at, value, 'must be an integer'));
  }
  return errors;
}

function isExtended(name: string): boolean {
  return name.includes('/') && !name.startsWith('kubernetes.io/');
}

function validateRestart(container: Fields, path: string, isInit: boolean): FieldError[] {
  const policy = container.restartPolicy;
  if (policy === undefined) return [];
  if (!isInit) return [notAllowed(`${path}.restartPolicy`, 'may not be set for non-init containers')];
  return policy === 'Always' ? [] : [notSupported(`${path}.restartPolicy`, policy, ['Always'])];
}

function validateProbes(container: Fields, path: string, isInit: boolean): FieldError[] {
  const isSidecar = isInit && container.restartPolicy === 'Always';
  const errors: FieldError[] = [];
  for (const key of ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const) {
    const value = container[key];
    if (!isFields(value)) continue;
    const at = `${path}.${key}`;
    if (isInit && !isSidecar)
      errors.push(notAllowed(at, 'may not be set for init containers without restartPolicy=Always'));
    else if (key === 'lifecycle')
      for (const [hook, handler] of Object.entries(value)) errors.push(...validateHandler(handler, `${at}.${hook}`));
    else errors.push(...validateProbe(value, at, key));
  }
  return errors;
}

function validateProbe(probe: Fields, path: string, key: string): FieldError[] {
  const errors = validateHandler(probe, path);
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ]) {
    const value = probe[field];
    if (typeof value === 'number' && value < 0)
      errors.push(wrong(`${path}.${field}`, value, 'must be greater than or equal to 0'));
  }
  if (key !== 'readinessProbe' && probe.successThreshold !== 1)
    errors.push(wrong(`${path}.successThreshold`, probe.successThreshold, 'must be 1'));
  const grace = probe.terminationGracePeriodSeconds;
  if (key === 'readinessProbe' && grace !== undefined)
    errors.push(wrong(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'));
  if (key !== 'readinessProbe' && typeof grace === 'number' && grace <= 0)
    errors.push(wrong(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  return errors;
}

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'];

function validateHandler(handler: unknown, path: string): FieldError[] {
  if (!isFields(handler)) return [];
  const given = HANDLERS.filter((key) => handler[key] !== undefined);
  if (given.length === 0) return [required(path, 'must specify a handler type')];
  const errors = given.slice(1).map((key) => notAllowed(`${path}.${key}`, 'may not specify more than 1 handler type'));
  const first = given[0]!;
  const action = handler[first] as Fields;
  if (first === 'exec' && listLength(action.command) === 0) errors.push(required(`${path}.exec.command`));
  if (first === 'httpGet' && (action.path ?? '') === '') errors.push(required(`${path}.httpGet.path`));
  if (first === 'httpGet' && !/^(HTTP|HTTPS)$/.test(String(action.scheme)))
    errors.push(notSupported(`${path}.httpGet.scheme`, action.scheme, ['HTTP', 'HTTPS']));
  if (first !== 'exec' && first !== 'sleep')
    errors.push(...validatePortReference(action.port, `${path}.${first}.port`));
  return errors;
}

function listLength(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

export function validatePortReference(port: unknown, field: string): FieldError[] {
  if (typeof port === 'string') return portNameFaults(port, field);
  return isPort(port) ? [] : [wrong(field, port ?? 0, PORT_WORDS)];
}
