// Secrets and claims that a spec may not name, whatever the policy allows: those that the operator makes for sidecars, and those of the
// operator's own release. The model, or whoever reads its log, would have the store's password, or the requests of others. Pure.
import type { InferenceDeploymentSpec } from '../api/inference-deployment.ts';
import type { Violation } from './violation.ts';

export interface ProtectedNames {
  /** Of the operator and its release. */
  readonly namespace: string;
  /** Secrets there: Redis' password, its key, the address of the store. */
  readonly secrets: readonly string[];
}

type Spec = InferenceDeploymentSpec;
type Json = Readonly<Record<string, unknown>>;

/** childNames.secret and childNames.claim of api/names.ts, for every InferenceDeployment there may be. */
const SIDECAR_SECRET = /-sidecar(-[0-9a-f]{10})?$/;
/** Helm keeps what it rendered there, the Secrets too. */
const HELM_RELEASE = 'sh.helm.release.';
const QUEUE_CLAIM = /-queue$/;

export function protectedReferences(spec: Spec, namespace: string, names: ProtectedNames): readonly Violation[] {
  const isOfRelease = (name: string) =>
    namespace === names.namespace && (names.secrets.includes(name) || name.startsWith(HELM_RELEASE));
  const secrets = secretsOf(spec)
    .filter(([, name]) => SIDECAR_SECRET.test(name) || isOfRelease(name))
    .map(([field, value]) => ({ field, value, why: 'this Secret is the operator’s; name one of your own' }));
  const claims = claimsOf(spec)
    .filter(([, name]) => QUEUE_CLAIM.test(name))
    .map(([field, value]) => ({
      field,
      value,
      why: 'claims that end in "-queue" hold the accepted requests of sidecars; name another',
    }));
  return [...secrets, ...claims];
}

type Reference = readonly [field: string, name: string];

function secretsOf(spec: Spec): readonly Reference[] {
  const { env = [], envFrom = [] } = spec.container;
  const named = (field: string, name: unknown): readonly Reference[] =>
    typeof name === 'string' ? [[field, name]] : [];
  return [
    ...env.flatMap(({ name, valueFrom }) =>
      named(`spec.container.env[${name}].valueFrom.secretKeyRef.name`, valueFrom?.secretKeyRef?.name),
    ),
    ...envFrom.flatMap(({ secretRef }, index) =>
      named(`spec.container.envFrom[${index}].secretRef.name`, secretRef?.name),
    ),
    ...(spec.volumes ?? []).flatMap((volume) => secretsOfVolume(volume)),
    ...named('spec.auth.secretName', spec.auth?.secretName),
    ...named('spec.webhooks.secretName', spec.webhooks?.secretName),
    ...named('spec.ingress.tls.secretName', spec.ingress?.tls?.secretName),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }) => named('spec.imagePullSecrets', name)),
  ];
}

/** Every Secret that a volume names, at whatever depth: `secret`, `projected`, and those that drivers (csi, cephfs, ...) are given. */
function secretsOfVolume(volume: Json): readonly Reference[] {
  const walk = (value: unknown, path: string, isSecret: boolean): readonly Reference[] => {
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, child]): readonly Reference[] => {
      const at = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`;
      const isName = key === 'secretName' || (isSecret && key === 'name');
      if (isName && typeof child === 'string') return [[at, child]];
      return walk(child, at, Array.isArray(value) ? isSecret : /secret/i.test(key));
    });
  };
  return walk(volume, `spec.volumes[${String(volume.name)}]`, false);
}

const claimsOf = (spec: Spec): readonly Reference[] =>
  (spec.volumes ?? []).flatMap((volume: Json): readonly Reference[] => {
    const name = (volume.persistentVolumeClaim as Json | undefined)?.claimName;
    return typeof name === 'string'
      ? [[`spec.volumes[${String(volume.name)}].persistentVolumeClaim.claimName`, name]]
      : [];
  });
