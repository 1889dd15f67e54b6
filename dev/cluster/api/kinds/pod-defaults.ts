// Defaults of pods and pod templates, as the real server fills them; recorded exchanges hold them.
import { type Fields, isFields, listAt, setDefault } from '../objects.ts';

export function defaultPodSpec(spec: Fields): void {
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'securityContext', {});
  setDefault(spec, 'schedulerName', 'default-scheduler');
  // Either name of the service account stands for both.
  if (typeof spec.serviceAccountName === 'string') spec.serviceAccount = spec.serviceAccountName;
  else if (typeof spec.serviceAccount === 'string') spec.serviceAccountName = spec.serviceAccount;
  for (const container of containersOf(spec)) defaultContainer(container);
  for (const volume of listAt(spec, 'volumes')) defaultVolume(volume);
}

export function containersOf(spec: Fields): Fields[] {
  return [...listAt(spec, 'initContainers'), ...listAt(spec, 'containers'), ...listAt(spec, 'ephemeralContainers')];
}

function pullPolicy(image: unknown): string {
  if (typeof image !== 'string') return 'IfNotPresent';
  const name = image.split('/').at(-1)!;
  const isPinned = name.includes('@') || (name.includes(':') && !name.endsWith(':latest'));
  return isPinned ? 'IfNotPresent' : 'Always';
}

function defaultContainer(container: Fields): void {
  setDefault(container, 'resources', {});
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  setDefault(container, 'imagePullPolicy', pullPolicy(container.image));
  for (const port of listAt(container, 'ports')) setDefault(port, 'protocol', 'TCP');
  for (const key of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (isFields(container[key])) defaultProbe(container[key]);
  }
  if (isFields(container.lifecycle)) {
    for (const hook of Object.values(container.lifecycle)) if (isFields(hook)) defaultHandler(hook);
  }
  for (const variable of listAt(container, 'env')) {
    if (isFields(variable.valueFrom) && isFields(variable.valueFrom.fieldRef))
      setDefault(variable.valueFrom.fieldRef, 'apiVersion', 'v1');
  }
}

function defaultHandler(handler: Fields): void {
  if (!isFields(handler.httpGet)) return;
  setDefault(handler.httpGet, 'path', '/');
  setDefault(handler.httpGet, 'scheme', 'HTTP');
}

function defaultProbe(probe: Fields): void {
  defaultHandler(probe);
  if (isFields(probe.grpc)) setDefault(probe.grpc, 'service', '');
  setDefault(probe, 'timeoutSeconds', 1);
  setDefault(probe, 'periodSeconds', 10);
  setDefault(probe, 'successThreshold', 1);
  setDefault(probe, 'failureThreshold', 3);
}

function defaultVolume(volume: Fields): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) volume.emptyDir = {};
  for (const key of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const source = volume[key];
    if (isFields(source)) setDefault(source, 'defaultMode', 420);
  }
  if (isFields(volume.hostPath)) setDefault(volume.hostPath, 'type', '');
  for (const item of listAt(volume, 'downwardAPI', 'items')) defaultFieldRef(item);
  for (const source of listAt(volume, 'projected', 'sources')) {
    if (isFields(source.serviceAccountToken)) setDefault(source.serviceAccountToken, 'expirationSeconds', 3600);
    for (const item of listAt(source, 'downwardAPI', 'items')) defaultFieldRef(item);
  }
}

function defaultFieldRef(item: Fields): void {
  if (isFields(item.fieldRef)) setDefault(item.fieldRef, 'apiVersion', 'v1');
}

/** Requests follow limits, in pods as in templates only once the pod is made. */
export function defaultRequests(spec: Fields): void {
  for (const container of containersOf(spec)) {
    const resources = container.resources;
    if (!isFields(resources) || !isFields(resources.limits)) continue;
    const requests = isFields(resources.requests) ? resources.requests : {};
    resources.requests = { ...resources.limits, ...requests };
  }
}

const TOLERATION = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 };
const NODE_TROUBLES = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** What admission adds to a new pod: priority, tolerations, the service account's token. */
export function admitPodSpec(spec: Fields, tokenSuffix: string): void {
  setDefault(spec, 'serviceAccountName', 'default');
  spec.serviceAccount = spec.serviceAccountName;
  setDefault(spec, 'enableServiceLinks', true);
  setDefault(spec, 'priority', 0);
  setDefault(spec, 'preemptionPolicy', 'PreemptLowerPriority');
  const tolerations = listAt(spec, 'tolerations');
  const added = NODE_TROUBLES.filter((key) => !tolerations.some((one) => tolerates(one, key))).map((key) => ({
    key,
    ...TOLERATION,
  }));
  if (added.length > 0) spec.tolerations = [...tolerations, ...added];
  if (spec.automountServiceAccountToken !== false) mountToken(spec, `kube-api-access-${tokenSuffix}`);
}

function tolerates(toleration: Fields, key: string): boolean {
  const isEffect = toleration.effect === undefined || toleration.effect === '' || toleration.effect === 'NoExecute';
  return isEffect && (toleration.key === key || (toleration.key === undefined && toleration.operator === 'Exists'));
}

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

function mountToken(spec: Fields, name: string): void {
  const needy = containersOf(spec).filter(
    (one) => !listAt(one, 'volumeMounts').some((mount) => mount.mountPath === TOKEN_PATH),
  );
  if (needy.length === 0) return;
  for (const container of needy) {
    container.volumeMounts = [...listAt(container, 'volumeMounts'), { name, readOnly: true, mountPath: TOKEN_PATH }];
  }
  const namespace = { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } };
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [namespace] } },
  ];
  spec.volumes = [...listAt(spec, 'volumes'), { name, projected: { sources, defaultMode: 420 } }];
}

const COMPUTE = ['cpu', 'memory'];

export function qosClass(spec: Fields): string {
  const containers = [...listAt(spec, 'initContainers'), ...listAt(spec, 'containers')];
  const values = (container: Fields, key: string) => {
    const resources = isFields(container.resources) ? container.resources[key] : undefined;
    return isFields(resources) ? resources : {};
  };
  const isGuaranteed = containers.every((one) =>
    COMPUTE.every((name) => {
      const limit = values(one, 'limits')[name];
      return limit !== undefined && (values(one, 'requests')[name] ?? limit) === limit;
    }),
  );
  if (isGuaranteed) return 'Guaranteed';
  const isAny = containers.some((one) =>
    COMPUTE.some((name) => values(one, 'limits')[name] !== undefined || values(one, 'requests')[name] !== undefined),
  );
  return isAny ? 'Burstable' : 'BestEffort';
}
