// The sidecar as a native sidecar: an init container that keeps running, starts before the model and stops after it.
// Its settings come from the sidecar's own table, so that the two programs cannot drift apart.

import { environmentName } from '../../runtime/settings.ts';
import {
  adminPaths,
  leastMemoryLimit,
  SETTINGS_PREFIX,
  type SidecarSettingName,
  sidecarPorts,
  sidecarSettings,
  webhookHostsText,
} from '../../sidecar/contract.ts';
import { childNames, containerNames, secretKeys, volumeNames } from '../api/names.ts';
import { wholeUnits } from '../api/quantity.ts';
import { type DesiredInput, drainSeconds } from './input.ts';
import { drainHooks, listeningHook } from './probes.ts';
import { secretName } from './secret.ts';

const DATA_DIR = '/data';
const KEYS_DIR = '/etc/inference/keys';
const WEBHOOKS_DIR = '/etc/inference/webhooks';

/** The end of the log becomes the reason that status gives for a container that crashes. */
export const LAST_WORDS = 'FallbackToLogsOnError';

type CorsSpec = NonNullable<DesiredInput['owner']['spec']['cors']>;
const MIB = 1024 * 1024;

type Json = Readonly<Record<string, unknown>>;

export function sidecarContainer(input: DesiredInput) {
  const { owner, settings } = input;
  const { sidecar } = owner.spec;
  return {
    name: containerNames.sidecar,
    image: sidecar?.image ?? settings.sidecarImage,
    imagePullPolicy: settings.sidecarImagePullPolicy,
    restartPolicy: 'Always',
    env: environment(input),
    ports: [
      { name: 'http', containerPort: sidecarPorts.traffic, protocol: 'TCP' },
      { name: 'metrics', containerPort: sidecarPorts.admin, protocol: 'TCP' },
    ],
    // The model starts once this one answers; were it the model's own probe, each would wait for the other.
    startupProbe: {
      httpGet: { path: adminPaths.healthz, port: sidecarPorts.admin, scheme: 'HTTP' },
      periodSeconds: 1,
      timeoutSeconds: 3,
      failureThreshold: 120,
    },
    lifecycle: { postStart: listeningHook(), preStop: drainHooks().sidecar },
    resources: roomyResources(input),
    terminationMessagePolicy: LAST_WORDS,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: sidecarMounts(input),
  };
}

/** With a memory limit at which the largest body passes: the sidecar would not start with less. */
function roomyResources({ owner: { spec }, settings }: DesiredInput) {
  const resources = spec.sidecar?.resources ?? settings.sidecarResources;
  const memory = resources.limits?.memory;
  if (memory === undefined) return resources;
  const least = leastMemoryLimit(wholeUnits(spec.queue.maxBodyBytes) ?? 0);
  if ((wholeUnits(memory) ?? 0) >= least) return resources;
  return { ...resources, limits: { ...resources.limits, memory: `${Math.ceil(least / MIB)}Mi` } };
}

function environment(input: DesiredInput): readonly Json[] {
  const { owner, settings } = input;
  const name = secretName(input);
  const fromSecret = (key: string) => ({ valueFrom: { secretKeyRef: { name, key } } });
  const variable = (setting: SidecarSettingName) => environmentName(SETTINGS_PREFIX, setting);
  return [
    ...Object.entries(values(input)).map(([setting, value]) => ({
      name: variable(setting as SidecarSettingName),
      value: String(value),
    })),
    { name: variable('adminToken'), ...fromSecret(secretKeys.adminToken) },
    ...(owner.spec.queue.store === 'redis' ? [{ name: variable('store'), ...fromSecret(secretKeys.store) }] : []),
    ...(owner.spec.queue.store === 'redis' && settings.storePassword !== ''
      ? [{ name: variable('storePassword'), ...fromSecret(secretKeys.storePassword) }]
      : []),
    ...(owner.spec.queue.store === 'redis' && settings.storeCa !== ''
      ? [{ name: variable('storeCa'), ...fromSecret(secretKeys.storeCa) }]
      : []),
  ];
}

/** Settings by value. Those left out keep the fallback of the sidecar's table. */
function values({ owner, settings }: DesiredInput): Partial<Record<SidecarSettingName, string | number>> {
  const { container, healthCheck, queue, auth, webhooks, cors, sidecar, concurrency } = owner.spec;
  return {
    name: owner.metadata.name,
    namespace: owner.metadata.namespace ?? sidecarSettings.namespace.fallback,
    port: sidecarPorts.traffic,
    adminPort: sidecarPorts.admin,
    upstream: `http://127.0.0.1:${container.port}`,
    concurrency,
    maxQueue: queue.maxLength,
    requestTtlSeconds: queue.requestTtlSeconds,
    resultTtlSeconds: queue.resultTtlSeconds,
    maxBodyBytes: wholeUnits(queue.maxBodyBytes) ?? 0,
    ...(queue.maxStoredBytes === undefined ? {} : { maxStoredBytes: wholeUnits(queue.maxStoredBytes) ?? 0 }),
    maxAttempts: queue.maxAttempts,
    healthPath: healthCheck.enabled ? healthCheck.path : '',
    ...(healthCheck.port === undefined ? {} : { healthPort: healthCheck.port }),
    healthPeriodSeconds: healthCheck.periodSeconds,
    healthTimeoutSeconds: healthCheck.timeoutSeconds,
    healthFailureThreshold: healthCheck.failureThreshold,
    drainSeconds: drainSeconds(owner),
    logLevel: sidecar?.logLevel ?? settings.sidecarLogLevel,
    ...(settings.sidecarTracesEndpoint === '' ? {} : { tracesEndpoint: settings.sidecarTracesEndpoint }),
    ...(queue.store === 'embedded' ? { dataDir: DATA_DIR } : {}),
    ...(auth === undefined ? {} : { authKeysDir: KEYS_DIR }),
    ...(webhooks?.allowedHosts === undefined ? {} : { webhookAllowedHosts: webhookHostsText(webhooks.allowedHosts) }),
    ...(webhooks?.secretName === undefined ? {} : { webhookSecretsDir: WEBHOOKS_DIR }),
    ...(cors === undefined ? {} : corsValues(cors)),
  };
}

function corsValues({ allowedOrigins, allowedHeaders, exposedHeaders, maxAgeSeconds }: CorsSpec) {
  return {
    corsAllowedOrigins: allowedOrigins.join(','),
    ...(allowedHeaders === undefined ? {} : { corsAllowedHeaders: allowedHeaders.join(',') }),
    ...(exposedHeaders === undefined ? {} : { corsExposedHeaders: exposedHeaders.join(',') }),
    corsMaxAgeSeconds: maxAgeSeconds,
  };
}

function sidecarMounts({ owner }: DesiredInput): readonly Json[] {
  const { queue, auth, webhooks } = owner.spec;
  return [
    ...(queue.store === 'embedded' ? [{ name: volumeNames.data, mountPath: DATA_DIR }] : []),
    ...(auth === undefined ? [] : [{ name: volumeNames.keys, mountPath: KEYS_DIR, readOnly: true }]),
    ...(webhooks?.secretName === undefined
      ? []
      : [{ name: volumeNames.webhooks, mountPath: WEBHOOKS_DIR, readOnly: true }]),
  ];
}

export function sidecarVolumes({ owner }: DesiredInput): readonly Json[] {
  const { queue, auth, webhooks } = owner.spec;
  const data =
    queue.persistence === undefined
      ? { emptyDir: {} }
      : { persistentVolumeClaim: { claimName: childNames.claim(owner.metadata.name) } };
  return [
    ...(queue.store === 'embedded' ? [{ name: volumeNames.data, ...data }] : []),
    ...(auth === undefined ? [] : [{ name: volumeNames.keys, secret: { secretName: auth.secretName } }]),
    ...(webhooks?.secretName === undefined
      ? []
      : [{ name: volumeNames.webhooks, secret: { secretName: webhooks.secretName } }]),
  ];
}
