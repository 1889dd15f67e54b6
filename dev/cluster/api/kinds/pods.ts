// Rules of pods: what admission adds, defaults, validation, the fields that can be selected by.
import { generatedName } from '../names.ts';
import { ensureFields, type Fields, fieldsAt, isFields, type KubeObject, listAt, valueAt } from '../objects.ts';
import type { KindRules, SelectableField } from '../resource.ts';
import { forbidden } from '../status-error.ts';
import { admitPodSpec, defaultPodSpec, defaultRequests, qosClass } from './pod-defaults.ts';
import { validatePod } from './pod-validation.ts';

const PODS = { group: '', plural: 'pods' };

const FIELDS: readonly SelectableField[] = [
  ['spec', 'nodeName'],
  ['spec', 'restartPolicy'],
  ['spec', 'schedulerName'],
  ['spec', 'serviceAccountName'],
  ['spec', 'hostNetwork'],
  ['status', 'phase'],
  ['status', 'podIP'],
  ['status', 'nominatedNodeName'],
].map((path) => ({ path: path.join('.'), read: (object) => String(valueAt(object, ...path) ?? '') }));

export interface PodSurroundings {
  /** A service account of the namespace, or undefined. */
  readonly serviceAccount: (namespace: string, name: string) => KubeObject | undefined;
  readonly priorityClass: (name: string) => KubeObject | undefined;
  readonly runtimeClass: (name: string) => KubeObject | undefined;
}

function admit(object: KubeObject, surroundings: PodSurroundings): void {
  const spec = ensureFields(object, 'spec');
  const { namespace, name } = object.metadata;
  const accountName =
    typeof spec.serviceAccountName === 'string' && spec.serviceAccountName !== '' ? spec.serviceAccountName : 'default';
  const account = surroundings.serviceAccount(namespace!, accountName);
  if (account === undefined) {
    throw forbidden(
      PODS,
      name!,
      `error looking up service account ${namespace}/${accountName}: serviceaccount "${accountName}" not found`,
    );
  }
  if (typeof spec.priorityClassName === 'string' && spec.priorityClassName !== '')
    usePriority(spec, name!, surroundings);
  if (typeof spec.runtimeClassName === 'string' && surroundings.runtimeClass(spec.runtimeClassName) === undefined) {
    throw forbidden(PODS, name!, `pod rejected: RuntimeClass "${spec.runtimeClassName}" not found`);
  }
  if (account.automountServiceAccountToken === false) spec.automountServiceAccountToken ??= false;
  if (spec.imagePullSecrets === undefined && Array.isArray(account.imagePullSecrets))
    spec.imagePullSecrets = account.imagePullSecrets;
  spec.serviceAccountName = accountName;
  admitPodSpec(spec, generatedName('').slice(0, 5));
  object.status = { phase: 'Pending', qosClass: qosClass(spec) };
}

const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

function usePriority(spec: Fields, pod: string, surroundings: PodSurroundings): void {
  const name = String(spec.priorityClassName);
  const found = surroundings.priorityClass(name);
  const value = SYSTEM_PRIORITIES[name] ?? found?.value;
  if (typeof value !== 'number') throw forbidden(PODS, pod, `no PriorityClass with name ${name} was found`);
  spec.priority = value;
  if (typeof found?.preemptionPolicy === 'string') spec.preemptionPolicy = found.preemptionPolicy;
}

export function podRules(surroundings: PodSurroundings): KindRules {
  return {
    hasGeneration: true,
    skeleton: { spec: { containers: null }, status: {} },
    selectableFields: FIELDS,
    defaults: (object) => {
      // The typed pod always writes these two times.
      for (const condition of listAt(object, 'status', 'conditions')) {
        condition.lastProbeTime ??= null;
        condition.lastTransitionTime ??= null;
      }
      const spec = fieldsAt(object, 'spec');
      if (!isFields(spec)) return;
      defaultPodSpec(spec);
      defaultRequests(spec);
      spec.enableServiceLinks ??= true;
    },
    admit: (object) => admit(object, surroundings),
    validate: validatePod,
  };
}
