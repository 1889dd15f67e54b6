// The pod: the model container, the sidecar in front of it, and what both need. No owner, no replicas: see deployment.ts.

import { annotations, childLabels, containerNames } from '../api/names.ts';
import { affinity, gpuLimits, sharedMemory, tolerations } from './gpu.ts';
import { type DesiredInput, drainSeconds } from './input.ts';
import { modelSecurity } from './model-security.ts';
import { drainHooks, modelProbes } from './probes.ts';
import { LAST_WORDS, sidecarContainer, sidecarVolumes } from './sidecar.ts';

/** What the model may take to stop after its last request, and the sidecar after it. */
const STOP_MARGIN_SECONDS = 30;

type Json = Readonly<Record<string, unknown>>;

export function podTemplate(input: DesiredInput) {
  const { owner, settings } = input;
  const { spec } = owner;
  return {
    metadata: {
      labels: { ...spec.podLabels, ...childLabels(owner.metadata.name) },
      annotations: {
        [annotations.defaultContainer]: containerNames.model,
        ...spec.podAnnotations,
        ...(spec.queue.store === 'redis' ? { [annotations.storeChecksum]: settings.storeFingerprint } : {}),
      },
    },
    spec: withoutUndefined({
      initContainers: [sidecarContainer(input)],
      containers: [modelContainer(input)],
      volumes: present([...(spec.volumes ?? []), ...sharedMemory(spec).volumes, ...sidecarVolumes(input)]),
      terminationGracePeriodSeconds: drainSeconds(owner) + STOP_MARGIN_SECONDS,
      // Service variables of the namespace (VLLM_PORT of a Service called vllm) have broken model servers.
      enableServiceLinks: false,
      automountServiceAccountToken: spec.serviceAccountName !== undefined,
      serviceAccountName: spec.serviceAccountName,
      imagePullSecrets: present([
        ...(spec.imagePullSecrets ?? []),
        ...settings.sidecarImagePullSecrets
          .filter((name) => !spec.imagePullSecrets?.some((own) => own.name === name))
          .map((name) => ({ name })),
      ]),
      nodeSelector: spec.nodeSelector,
      tolerations: present(tolerations(spec)),
      affinity: affinity(spec),
      topologySpreadConstraints: spec.topologySpreadConstraints,
      priorityClassName: spec.priorityClassName,
      runtimeClassName: spec.runtimeClassName,
      // The sidecar is not root, and a fresh claim's file system usually belongs to root.
      securityContext:
        spec.queue.persistence === undefined ? undefined : { fsGroup: 65532, fsGroupChangePolicy: 'OnRootMismatch' },
    }),
  };
}

function modelContainer({ owner }: DesiredInput): Json {
  const { container, gpu, healthCheck } = owner.spec;
  const { port, resources, volumeMounts = [], ...asGiven } = container;
  return {
    ...asGiven,
    imagePullPolicy: container.imagePullPolicy ?? pullPolicyOf(container.image),
    name: containerNames.model,
    ports: [{ name: 'model', containerPort: port, protocol: 'TCP' }],
    resources: { ...resources, limits: { ...resources?.limits, ...gpuLimits({ gpu }) } },
    volumeMounts: [...volumeMounts, ...sharedMemory({ gpu }).mounts],
    ...modelProbes(healthCheck),
    terminationMessagePolicy: LAST_WORDS,
    securityContext: modelSecurity(container.securityContext),
    lifecycle: { preStop: drainHooks().model },
  };
}

/** The API server chooses the same once, for the first image: left out, a pinned one would be pulled for ever if `latest` came before. */
const pullPolicyOf = (image: string) =>
  /(^|\/)[^:@/]+(:latest(@.*)?)?$/.test(image) ? ('Always' as const) : ('IfNotPresent' as const);

/** An empty list would be a field that we mean to own. */
function present<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
