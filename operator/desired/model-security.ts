// The model container's securityContext: what spec says, and where it says nothing, no more than a model needs. Many images run as root and write
// to their own file system, so those stay; no setuid program gains anything, and nobody listens to the pod's other traffic.
import type { InferenceDeploymentSpec } from '../api/inference-deployment.ts';
import { capabilityName } from '../policy/rules.ts';

type SecurityContext = NonNullable<InferenceDeploymentSpec['container']['securityContext']>;

/** NET_RAW opens packet sockets: with it the model could read the sidecar's connections, which share its network. */
const SNIFFING = 'NET_RAW';

export function modelSecurity(given: SecurityContext = {}): SecurityContext {
  const { capabilities = {} } = given;
  const added = (capabilities.add ?? []).map(capabilityName);
  const dropped = (capabilities.drop ?? []).map(capabilityName);
  const isSettled = [...added, ...dropped].some((name) => name === SNIFFING || name === 'ALL');
  // Kubernetes refuses `false` beside these two.
  const mustEscalate = given.privileged === true || added.includes('SYS_ADMIN') || added.includes('ALL');
  return {
    ...given,
    ...(mustEscalate ? {} : { allowPrivilegeEscalation: given.allowPrivilegeEscalation ?? false }),
    ...(isSettled ? {} : { capabilities: { ...capabilities, drop: [...(capabilities.drop ?? []), SNIFFING] } }),
  };
}
