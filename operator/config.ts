// The operator's settings as one table: the chart sets these variables, the README prints them. Read once, in main.
import { logLevels } from '../runtime/logger.ts';
import {
  boolean,
  choice,
  integer,
  nonEmptyText,
  storeAddress,
  text,
  urlOrEmpty,
  words,
} from '../runtime/setting-kinds.ts';
import { type Kind, type SettingsOf, secret, setting } from '../runtime/settings.ts';
import { type Policy, parsePolicy, restrictedPolicy } from './policy/policy.ts';

export const SETTINGS_PREFIX = 'OPERATOR';

type Quantities = Readonly<Record<string, string | number>>;
export interface ResourceRequirements {
  readonly requests?: Quantities;
  readonly limits?: Quantities;
}

const resources: Kind<ResourceRequirements> = {
  expects: 'JSON as in a container: {"requests": {...}, "limits": {...}}',
  parse: (value) => {
    const parsed: unknown = parseJson(value);
    const unknown = Object.keys(isRecord(parsed) ? parsed : { text: 1 }).filter(
      (key) => key !== 'requests' && key !== 'limits',
    );
    if (unknown.length > 0) throw new Error('be JSON with "requests" and "limits"');
    return parsed as ResourceRequirements;
  },
};

const labels: Kind<Readonly<Record<string, string>>> = {
  expects: 'comma-separated key=value',
  parse: (value) => {
    const pairs = words.parse(value).map((pair) => pair.split('='));
    if (pairs.some((pair) => pair.length !== 2 || pair[0] === '')) throw new Error('be comma-separated key=value');
    return Object.fromEntries(pairs as [string, string][]);
  },
};

const policy: Kind<Policy> = {
  expects: `JSON with some of ${Object.keys(restrictedPolicy).join(', ')}`,
  parse: parsePolicy,
};

const peers: Kind<readonly object[]> = {
  expects: 'JSON list of NetworkPolicyPeers, or empty',
  parse: (value) => {
    const parsed = value === '' ? [] : parseJson(value);
    if (!Array.isArray(parsed) || !parsed.every(isRecord)) throw new Error('be a JSON list of NetworkPolicyPeers');
    return parsed;
  },
};

/** `sidecarImage` is read from OPERATOR_SIDECAR_IMAGE or --sidecar-image, and so on. */
export const operatorSettings = {
  namespaces: setting(words, '', 'namespaces to serve, comma-separated; empty: all'),
  namespace: setting(nonEmptyText, 'default', "the operator's own namespace, where its Lease lies"),
  kubeconfig: setting(
    text,
    '',
    'kubeconfig file; empty: KUBECONFIG, ~/.kube/config, or the service account of the pod',
  ),
  sidecarImage: setting(nonEmptyText, undefined, 'image of the sidecar that is put beside each model container'),
  sidecarImagePullPolicy: setting(
    choice('IfNotPresent', 'Always', 'Never'),
    'IfNotPresent',
    'pull policy of that image',
  ),
  sidecarImagePullSecrets: setting(words, '', 'Secrets added to imagePullSecrets of every pod; they must exist there'),
  sidecarResources: setting(
    resources,
    '{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"memory":"512Mi"}}',
    'resources of the sidecar where spec.sidecar.resources does not say',
  ),
  sidecarLogLevel: setting(
    choice(...logLevels),
    'info',
    'log level of the sidecar where spec.sidecar.logLevel does not say',
  ),
  sidecarTracesEndpoint: setting(
    urlOrEmpty('http:', 'https:'),
    '',
    'OTLP/HTTP address to which sidecars send OpenTelemetry spans; empty: no traces',
  ),
  storeUrl: secret(
    storeAddress(false),
    '',
    'address of the shared store; empty: only spec.queue.store embedded can be used',
  ),
  storePassword: secret(text, '', 'password of the store, where it is not part of its address'),
  storeCa: setting(
    text,
    '',
    'certificates (PEM) by which a rediss:// store is trusted; empty: those of public authorities',
  ),
  policy: setting(
    policy,
    '',
    'what an InferenceDeployment may ask for (JSON, as policy of the chart); empty: restricted',
  ),
  protectedSecrets: setting(
    words,
    '',
    "Secrets in the operator's own namespace that no InferenceDeployment may name: those of its release",
  ),
  networkPolicies: setting(boolean, 'true', 'make a NetworkPolicy that keeps callers from going around the sidecar'),
  adminPeers: setting(
    peers,
    '',
    'who beside kubelets may reach port 9090 of the pods: the operator, Prometheus; empty: everybody',
  ),
  podMonitors: setting(boolean, 'true', 'make a PodMonitor where the cluster has that API'),
  podMonitorLabels: setting(labels, '', 'labels of PodMonitors, by which a Prometheus selects them'),
  leaderElection: setting(boolean, 'true', 'take a Lease before working, so that several operators can run'),
  leaseName: setting(nonEmptyText, 'inference-operator', 'name of the Lease'),
  leaseSeconds: setting(integer(1, 3600), '15', 'how long a leader that went silent keeps the Lease'),
  identity: setting(text, '', 'name of this process in the Lease; empty: host name and a random part'),
  host: setting(text, '', 'address that the admin port listens on; empty: all'),
  adminPort: setting(integer(0, 65535), '9090', 'port of /healthz, /readyz and /metrics; 0 takes a free one'),
  workers: setting(integer(1, 64), '4', 'deployments reconciled at a time'),
  maxConcurrentRollouts: setting(
    integer(0, 10_000),
    '5',
    'deployments whose pods are replaced at a time for a change of these settings, such as another sidecar image; 0: all',
  ),
  relistSeconds: setting(integer(10, 86_400), '600', 'time after which each watch lists anew, as a safety net'),
  statsPeriodSeconds: setting(integer(1, 3600), '5', 'time between two looks at the queue figures of the sidecars'),
  logLevel: setting(choice(...logLevels), 'info', 'least serious level that is logged'),
} as const;

export type OperatorSettings = SettingsOf<typeof operatorSettings>;

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
