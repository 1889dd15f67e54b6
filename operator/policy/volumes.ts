// What the policy says of volumes: their types, folders of nodes, and tokens of service accounts. Pure. A volume's fields are free in the
// definition, so whatever is there is looked at as it came.
import type { InferenceDeploymentSpec } from '../api/inference-deployment.ts';
import { isListed, type Policy } from './policy.ts';
import type { Violation } from './violation.ts';

export function volumeViolations(spec: InferenceDeploymentSpec, policy: Policy): readonly Violation[] {
  return (spec.volumes ?? []).flatMap((volume) => {
    const { name, ...sources } = volume as Readonly<Record<string, unknown>> & { readonly name: string };
    return Object.entries(sources).flatMap(([type, source]): readonly Violation[] => {
      const field = `spec.volumes[${name}]`;
      if (type === 'hostPath') return hostPathViolations(field, source, policy);
      if (!isListed(policy.allowVolumeTypes, type)) return [{ field, value: type, allowedBy: 'allowVolumeTypes' }];
      return type === 'projected' ? tokenViolations(field, source, spec) : [];
    });
  });
}

function hostPathViolations(field: string, source: unknown, policy: Policy): readonly Violation[] {
  const path = String((source as { path?: unknown } | null)?.path ?? '');
  const isBelow = (folder: string) => path === folder || path.startsWith(`${folder.replace(/\/+$/, '')}/`);
  // `/models/../etc` begins with an allowed folder, too.
  const isPlain = path.split('/').every((part) => part !== '..');
  if (isPlain && policy.allowHostPaths.some(isBelow)) return [];
  return [{ field: `${field}.hostPath.path`, value: path, allowedBy: 'allowHostPaths' }];
}

/** A pod without a service account of its own would get a token of the namespace's default one, which it is not given otherwise. */
function tokenViolations(field: string, source: unknown, spec: InferenceDeploymentSpec): readonly Violation[] {
  const { sources = [] } = (source ?? {}) as { readonly sources?: readonly object[] };
  const kinds = sources.flatMap((each) => Object.keys(each ?? {}));
  const identities = kinds.filter((kind) => kind === 'serviceAccountToken' || kind === 'podCertificate');
  if (spec.serviceAccountName !== undefined) return [];
  return identities.map((value) => ({ field: `${field}.projected.sources`, value, allowedBy: 'allowServiceAccounts' }));
}
