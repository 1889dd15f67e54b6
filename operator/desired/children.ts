// All that one InferenceDeployment asks for but its Secret (secret.ts), as plain objects. Pure: the same input gives the same objects, byte for byte.
import type { KubernetesObject } from '../api/kubernetes.ts';
import { claim } from './claim.ts';
import { deployment } from './deployment.ts';
import type { DesiredInput } from './input.ts';
import { ingress, networkPolicy } from './network.ts';
import { podsService, service } from './services.ts';
import { disruptionBudget, podMonitor } from './upkeep.ts';

/** In the order in which they are applied: what a pod needs at its start comes before the Deployment. */
export function desiredChildren(input: DesiredInput): readonly KubernetesObject[] {
  return [
    claim(input),
    networkPolicy(input),
    service(input),
    podsService(input),
    disruptionBudget(input),
    deployment(input),
    ingress(input),
    podMonitor(input),
  ].filter((child) => child !== undefined);
}
