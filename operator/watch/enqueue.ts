// Which InferenceDeployment an object is about: events become keys, and what happened is forgotten (level-based). Pure.
import type { KubernetesObject } from '../api/kubernetes.ts';
import { type Key, KIND, keyOf, labels } from '../api/names.ts';

export function deploymentKey(object: KubernetesObject): Key | undefined {
  if (object.kind === KIND) return keyOf(object);
  const name = object.metadata.labels?.[labels.name];
  return name === undefined || name === '' ? undefined : `${object.metadata.namespace ?? ''}/${name}`;
}
