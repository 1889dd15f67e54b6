// What of a spec goes beyond the policy, each with the field, its value, and the chart's value that would allow it. Pure. Whoever may create an
// InferenceDeployment gets through the operator no more than pods of their own would give them under Pod Security "baseline".
import type { InferenceDeployment, InferenceDeploymentSpec } from '../api/inference-deployment.ts';
import { isListed, type Policy } from './policy.ts';
import { type ProtectedNames, protectedReferences } from './protected-names.ts';
import type { Violation } from './violation.ts';
import { volumeViolations } from './volumes.ts';

type Spec = InferenceDeploymentSpec;

export function violations(
  { spec, metadata }: InferenceDeployment,
  policy: Policy,
  names: ProtectedNames,
): readonly Violation[] {
  return [
    ...securityViolations(spec, policy),
    ...capabilityViolations(spec, policy),
    ...volumeViolations(spec, policy),
    ...identityViolations(spec, policy),
    ...placementViolations(spec, policy),
    ...annotationViolations(spec, policy),
    ...protectedReferences(spec, metadata.namespace ?? '', names),
  ];
}

const SECURITY = 'spec.container.securityContext';
/** SELinux types that Pod Security "baseline" knows. */
const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];

function securityViolations({ container }: Spec, policy: Policy): readonly Violation[] {
  const { securityContext: given = {} } = container;
  const found: Violation[] = [];
  const wrong = (isWrong: boolean, field: string, value: unknown, allowedBy: keyof Policy) => {
    if (isWrong && policy[allowedBy] !== true)
      found.push({ field: `${SECURITY}.${field}`, value: String(value), allowedBy });
  };
  wrong(given.privileged === true, 'privileged', true, 'allowPrivileged');
  wrong(given.allowPrivilegeEscalation === true, 'allowPrivilegeEscalation', true, 'allowPrivilegeEscalation');
  const { procMount = 'Default', seccompProfile, appArmorProfile, seLinuxOptions = {} } = given;
  wrong(procMount !== 'Default', 'procMount', procMount, 'allowUnconfined');
  wrong(seccompProfile?.type === 'Unconfined', 'seccompProfile.type', 'Unconfined', 'allowUnconfined');
  wrong(appArmorProfile?.type === 'Unconfined', 'appArmorProfile.type', 'Unconfined', 'allowUnconfined');
  const { type = '', user = '', role = '' } = seLinuxOptions;
  wrong(!SELINUX_TYPES.includes(type), 'seLinuxOptions.type', type, 'allowUnconfined');
  wrong(user !== '', 'seLinuxOptions.user', user, 'allowUnconfined');
  wrong(role !== '', 'seLinuxOptions.role', role, 'allowUnconfined');
  return found;
}

function capabilityViolations({ container }: Spec, { allowCapabilities }: Policy): readonly Violation[] {
  const known = allowCapabilities.map(capabilityName);
  return (container.securityContext?.capabilities?.add ?? [])
    .filter((name) => !isListed(known, capabilityName(name)))
    .map((value) => ({ field: `${SECURITY}.capabilities.add`, value, allowedBy: 'allowCapabilities' }));
}

/** Container runtimes take `CAP_NET_RAW` and `net_raw` too. */
export const capabilityName = (name: string): string => name.toUpperCase().replace(/^CAP_/, '');

function identityViolations(
  { serviceAccountName: account, sidecar }: Spec,
  { allowServiceAccounts, allowSidecarImages }: Policy,
): readonly Violation[] {
  return [
    ...unlisted('spec.serviceAccountName', account, allowServiceAccounts, 'allowServiceAccounts'),
    // It is given the store's password and every key and request.
    ...unlisted('spec.sidecar.image', sidecar?.image, allowSidecarImages, 'allowSidecarImages'),
  ];
}

function placementViolations(spec: Spec, policy: Policy): readonly Violation[] {
  const { runtimeClassName, priorityClassName, tolerations = [] } = spec;
  return [
    ...unlisted('spec.runtimeClassName', runtimeClassName, policy.allowRuntimeClasses, 'allowRuntimeClasses'),
    ...unlisted('spec.priorityClassName', priorityClassName, policy.allowPriorityClasses, 'allowPriorityClasses'),
    // Without a key it tolerates all there are, those of control planes too.
    ...tolerations
      .map(({ key = '' }) => key)
      .filter((key) => key === '' || key.startsWith('node-role.kubernetes.io/'))
      .filter((key) => !isListed(policy.allowTolerations, key))
      .map((key) => ({
        field: 'spec.tolerations',
        value: key || 'without a key',
        allowedBy: 'allowTolerations' as const,
      })),
  ];
}

/** Pod annotations by which runtimes and network plugins loosen a sandbox or join it to other networks. */
const LOOSENING = [
  'container.apparmor.security.beta.kubernetes.io/',
  'seccomp.security.alpha.kubernetes.io/',
  'container.seccomp.security.alpha.kubernetes.io/',
  'io.kubernetes.cri-o.',
  'k8s.v1.cni.cncf.io/',
  'v1.multus-cni.io/',
];

function annotationViolations({ ingress, podAnnotations }: Spec, policy: Policy): readonly Violation[] {
  const onPods = Object.keys(podAnnotations ?? {}).filter((key) => LOOSENING.some((prefix) => key.startsWith(prefix)));
  return [
    ...Object.keys(ingress?.annotations ?? {}).flatMap((key) =>
      unlisted('spec.ingress.annotations', key, policy.allowIngressAnnotations, 'allowIngressAnnotations'),
    ),
    ...onPods.flatMap((key) => unlisted('spec.podAnnotations', key, policy.allowPodAnnotations, 'allowPodAnnotations')),
  ];
}

function unlisted(
  field: string,
  value: string | undefined,
  list: readonly string[],
  allowedBy: keyof Policy,
): readonly Violation[] {
  return value === undefined || value === '' || isListed(list, value) ? [] : [{ field, value, allowedBy }];
}
