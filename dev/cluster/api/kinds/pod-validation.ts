// Validation of pods and of the templates of workloads; containers one by one are container-validation.ts.
import { labelFaults, nameFaults } from '../names.ts';
import { copy, type Fields, isFields, type KubeObject, listAt, same } from '../objects.ts';
import { duplicate, type FieldError, notAllowed, notSupported, required, wrong } from '../status-error.ts';
import { type ContainerContext, validateContainer } from './container-validation.ts';

const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

export function validatePodSpec(spec: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const volumes = new Set<string>();
  for (const [index, volume] of listAt(spec, 'volumes').entries())
    errors.push(...validateVolume(volume, `${path}.volumes[${index}]`, volumes));
  const names = new Set<string>();
  const containers = (key: string, isInit: boolean) => {
    for (const [index, container] of listAt(spec, key).entries()) {
      const at = `${path}.${key}[${index}]`;
      errors.push(...validateContainer(container, at, { volumes, isInit } satisfies ContainerContext));
      const name = String(container.name ?? '');
      if (name !== '' && names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
  };
  if (listAt(spec, 'containers').length === 0) errors.push(required(`${path}.containers`));
  containers('containers', false);
  containers('initContainers', true);
  if (!/^(Always|OnFailure|Never)$/.test(String(spec.restartPolicy))) {
    errors.push(notSupported(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']));
  }
  if (!DNS_POLICIES.includes(String(spec.dnsPolicy)))
    errors.push(notSupported(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES));
  const grace = spec.terminationGracePeriodSeconds;
  if (typeof grace === 'number' && grace < 0)
    errors.push(wrong(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than or equal to 0'));
  if (typeof spec.serviceAccountName === 'string') {
    for (const fault of nameFaults(spec.serviceAccountName, 'subdomain'))
      errors.push(wrong(`${path}.serviceAccountName`, spec.serviceAccountName, fault));
  }
  errors.push(
    ...labelFaults(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateTolerations(listAt(spec, 'tolerations'), `${path}.tolerations`),
  );
  return errors;
}

function validateVolume(volume: Fields, path: string, names: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  const name = volume.name;
  if (typeof name !== 'string' || name === '') errors.push(required(`${path}.name`));
  else {
    for (const fault of nameFaults(name, 'label')) errors.push(wrong(`${path}.name`, name, fault));
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
  }
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) errors.push(required(path, 'must specify a volume type'));
  for (const source of sources.slice(1))
    errors.push(notAllowed(`${path}.${source}`, 'may not specify more than 1 volume type'));
  if (isFields(volume.secret) && (volume.secret.secretName ?? '') === '')
    errors.push(required(`${path}.secret.secretName`));
  if (isFields(volume.configMap) && (volume.configMap.name ?? '') === '')
    errors.push(required(`${path}.configMap.name`));
  const claim = volume.persistentVolumeClaim;
  if (isFields(claim) && (claim.claimName ?? '') === '')
    errors.push(required(`${path}.persistentVolumeClaim.claimName`));
  return errors;
}

function validateTolerations(tolerations: readonly Fields[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, toleration] of tolerations.entries()) {
    const at = `${path}[${index}]`;
    const operator = toleration.operator ?? 'Equal';
    if (!/^(Equal|Exists|Lt|Gt)$/.test(String(operator)))
      errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
    if ((toleration.key ?? '') === '' && operator !== 'Exists') {
      errors.push(
        wrong(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (operator === 'Exists' && (toleration.value ?? '') !== '') {
      errors.push(wrong(`${at}.operator`, toleration, "value must be empty when `operator` is 'Exists'"));
    }
    if (toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute') {
      errors.push(
        wrong(`${at}.effect`, toleration.effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      );
    }
  }
  return errors;
}

const MUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

export function validatePod(pod: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = pod.spec as Fields | undefined;
  if (!isFields(spec)) return [required('spec.containers')];
  const errors = validatePodSpec(spec, 'spec');
  if (old === undefined) return errors;
  if (!same(fixed(spec), fixed(old.spec as Fields))) errors.push(notAllowed('spec', MUTABLE));
  return errors;
}

/** The part of a pod's spec that nobody may change. */
function fixed(spec: Fields): Fields {
  const {
    activeDeadlineSeconds: _deadline,
    tolerations: _tolerations,
    schedulingGates: _gates,
    nodeName: _node,
    ...rest
  } = copy(spec);
  for (const key of ['containers', 'initContainers']) for (const container of listAt(rest, key)) delete container.image;
  delete rest.ephemeralContainers;
  return rest;
}
