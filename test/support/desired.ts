// What the operator would make for a spec, and single parts of it: plain objects in, plain objects out.
import type { Deployment, KubernetesObject } from '../../operator/api/kubernetes.ts';
import { desiredChildren } from '../../operator/desired/children.ts';
import type { DesiredInput } from '../../operator/desired/input.ts';
import { secret } from '../../operator/desired/secret.ts';
import { inferenceDeployment, settings } from './inference-deployment.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests of what is made look deep into plain JSON.
export type Json = Record<string, any>;

export function made(spec: Json = {}, more: Partial<DesiredInput> = {}): readonly KubernetesObject[] {
  return desiredChildren({
    owner: inferenceDeployment({ spec }),
    settings: settings(),
    rollout: { strategy: 'Surge', reason: 'because' },
    hasReadyPod: true,
    hasPodMonitorApi: true,
    hasTurn: false,
    ...more,
  });
}
export const one = (children: readonly KubernetesObject[], kind: string, name = 'llama'): Json =>
  children.find((child) => child.kind === kind && child.metadata.name === name) as unknown as Json;
export const podOf = (spec: Json = {}, more: Partial<DesiredInput> = {}): Json =>
  (one(made(spec, more), 'Deployment') as Deployment).spec.template.spec as unknown as Json;
export const environment = (pod: Json): Record<string, string> =>
  Object.fromEntries(
    pod.initContainers[0].env.filter((row: Json) => 'value' in row).map((row: Json) => [row.name, row.value]),
  );
/** The Secret of the same spec and settings: made apart from the other children, for it is created only. */
export const secretOf = (spec: Json = {}, more: Partial<DesiredInput> = {}): Json =>
  secret({ owner: inferenceDeployment({ spec }), settings: settings(), ...more }, 'token') as Json;
