// Rules of the kinds that make pods: Deployment, ReplicaSet, StatefulSet, Job. The controllers themselves are elsewhere.
import { annotationFaults, labelFaults } from '../names.ts';
import {
  ensureFields,
  type Fields,
  fieldsAt,
  isFields,
  type KubeObject,
  listAt,
  same,
  setDefault,
} from '../objects.ts';
import type { KindRules } from '../resource.ts';
import { type FieldError, notAllowed, notSupported, required, wrong } from '../status-error.ts';
import { defaultPodSpec } from './pod-defaults.ts';
import { validatePodSpec } from './pod-validation.ts';

export const podTemplateSkeleton = (): Fields => ({ metadata: {}, spec: { containers: null } });

function defaultTemplate(spec: Fields): void {
  ensureFields(spec, 'template', 'metadata');
  const template = spec.template as Fields;
  if (isFields(template.spec)) defaultPodSpec(template.spec);
}

function matchesLabels(selector: Fields, labels: Fields): boolean {
  const wanted = Object.entries(fieldsAt(selector, 'matchLabels') ?? {});
  return wanted.every(([key, value]) => labels[key] === value);
}

function validateTemplate(spec: Fields, old: Fields | undefined, isImmutableSelector: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const selector = fieldsAt(spec, 'selector');
  if (typeof spec.replicas === 'number' && spec.replicas < 0)
    errors.push(wrong('spec.replicas', spec.replicas, 'must be greater than or equal to 0'));
  if (selector === undefined) errors.push(required('spec.selector'));
  else {
    const isEmpty = Object.keys(selector).length === 0;
    errors.push(...labelFaults(selector.matchLabels, 'spec.selector.matchLabels'));
    if (isEmpty) errors.push(wrong('spec.selector', selector, 'empty selector is invalid for deployment'));
  }
  const template = fieldsAt(spec, 'template') ?? {};
  const labels = fieldsAt(template, 'metadata', 'labels') ?? {};
  if (selector !== undefined && !matchesLabels(selector, labels)) {
    errors.push(wrong('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  // The server leaves "metadata" out of these paths.
  errors.push(...labelFaults(labels, 'spec.template.labels'));
  errors.push(...annotationFaults(fieldsAt(template, 'metadata', 'annotations'), 'spec.template.annotations'));
  const podSpec = fieldsAt(template, 'spec');
  if (podSpec === undefined) errors.push(required('spec.template.spec.containers'));
  else errors.push(...validatePodSpec(podSpec, 'spec.template.spec'));
  if (podSpec !== undefined && podSpec.restartPolicy !== 'Always')
    errors.push(notSupported('spec.template.spec.restartPolicy', podSpec.restartPolicy, ['Always']));
  if (isImmutableSelector && old !== undefined && !same(old.selector, spec.selector)) {
    errors.push(wrong('spec.selector', spec.selector ?? null, 'field is immutable'));
  }
  return errors;
}

function isZero(value: unknown): boolean {
  return value === 0 || value === '0' || value === '0%';
}

function validateStrategy(spec: Fields): FieldError[] {
  const strategy = fieldsAt(spec, 'strategy') ?? {};
  const rolling = fieldsAt(strategy, 'rollingUpdate');
  if (strategy.type === 'Recreate') {
    return rolling === undefined
      ? []
      : [notAllowed('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")];
  }
  if (strategy.type !== 'RollingUpdate')
    return [notSupported('spec.strategy.type', strategy.type, ['Recreate', 'RollingUpdate'])];
  const errors: FieldError[] = [];
  for (const key of ['maxUnavailable', 'maxSurge']) {
    const value = rolling?.[key];
    const at = `spec.strategy.rollingUpdate.${key}`;
    if (typeof value === 'number' && value < 0) errors.push(wrong(at, value, 'must be greater than or equal to 0'));
    if (typeof value === 'string' && !/^\d+%$/.test(value)) {
      errors.push(
        wrong(
          at,
          value,
          "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
      );
    }
  }
  if (isZero(rolling?.maxUnavailable) && isZero(rolling?.maxSurge)) {
    errors.push(
      wrong('spec.strategy.rollingUpdate.maxUnavailable', rolling?.maxUnavailable, 'may not be 0 when `maxSurge` is 0'),
    );
  }
  return errors;
}

const deployment: KindRules = {
  hasGeneration: true,
  skeleton: { spec: { selector: null, template: podTemplateSkeleton(), strategy: {} }, status: {} },
  defaults: (object) => {
    const spec = ensureFields(object, 'spec');
    setDefault(spec, 'replicas', 1);
    defaultTemplate(spec);
    const strategy = ensureFields(spec, 'strategy');
    setDefault(strategy, 'type', 'RollingUpdate');
    if (strategy.type === 'RollingUpdate') {
      const rolling = ensureFields(strategy, 'rollingUpdate');
      setDefault(rolling, 'maxUnavailable', '25%');
      setDefault(rolling, 'maxSurge', '25%');
    }
    setDefault(spec, 'revisionHistoryLimit', 10);
    setDefault(spec, 'progressDeadlineSeconds', 600);
    object.status ??= {};
  },
  validate: (object, old) => {
    const spec = object.spec as Fields;
    const errors = [...validateTemplate(spec, old?.spec as Fields | undefined, false), ...validateStrategy(spec)];
    const { progressDeadlineSeconds: deadline, minReadySeconds: ready } = spec;
    if (typeof deadline === 'number' && deadline <= (typeof ready === 'number' ? ready : 0)) {
      errors.push(wrong('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
    }
    return [...errors, ...immutableSelector(object, old)];
  },
};

function immutableSelector(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const [now, before] = [fieldsAt(object, 'spec', 'selector'), fieldsAt(old, 'spec', 'selector')];
  return old === undefined || same(now, before) ? [] : [wrong('spec.selector', now ?? null, 'field is immutable')];
}

const replicaSet: KindRules = {
  hasGeneration: true,
  skeleton: { spec: { selector: null, template: podTemplateSkeleton() }, status: { replicas: 0 } },
  defaults: (object) => {
    const spec = ensureFields(object, 'spec');
    setDefault(spec, 'replicas', 1);
    defaultTemplate(spec);
    object.status ??= { replicas: 0 };
  },
  validate: (object, old) => validateTemplate(object.spec as Fields, old?.spec as Fields | undefined, true),
};

/** Each claim template is a volume of the pods under its own name, which containers may mount. */
function withClaimVolumes(spec: Fields): Fields {
  const podSpec = fieldsAt(spec, 'template', 'spec');
  if (podSpec === undefined) return spec;
  const claims = listAt(spec, 'volumeClaimTemplates').map((claim) => ({
    name: fieldsAt(claim, 'metadata')?.name,
    emptyDir: {},
  }));
  const template = fieldsAt(spec, 'template') ?? {};
  return {
    ...spec,
    template: { ...template, spec: { ...podSpec, volumes: [...listAt(podSpec, 'volumes'), ...claims] } },
  };
}

const statefulSet: KindRules = {
  hasGeneration: true,
  skeleton: { spec: { selector: null, template: podTemplateSkeleton(), updateStrategy: {} }, status: { replicas: 0 } },
  defaults: (object) => {
    const spec = ensureFields(object, 'spec');
    setDefault(spec, 'replicas', 1);
    setDefault(spec, 'podManagementPolicy', 'OrderedReady');
    defaultTemplate(spec);
    const strategy = ensureFields(spec, 'updateStrategy');
    setDefault(strategy, 'type', 'RollingUpdate');
    if (strategy.type === 'RollingUpdate') setDefault(ensureFields(strategy, 'rollingUpdate'), 'partition', 0);
    setDefault(spec, 'revisionHistoryLimit', 10);
    setDefault(spec, 'persistentVolumeClaimRetentionPolicy', { whenDeleted: 'Retain', whenScaled: 'Retain' });
    object.status ??= { replicas: 0, availableReplicas: 0 };
  },
  validate: (object, old) =>
    validateTemplate(withClaimVolumes(object.spec as Fields), old?.spec as Fields | undefined, true),
};

const job: KindRules = {
  hasGeneration: true,
  skeleton: { spec: { template: podTemplateSkeleton() }, status: {} },
  defaults: (object) => {
    const spec = ensureFields(object, 'spec');
    for (const [key, value] of Object.entries({
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      manualSelector: undefined,
    })) {
      if (value !== undefined) setDefault(spec, key, value);
    }
    defaultTemplate(spec);
    object.status ??= {};
  },
  validate: (object) => {
    const podSpec = fieldsAt(object, 'spec', 'template', 'spec');
    if (podSpec === undefined) return [required('spec.template.spec.containers')];
    const errors = validatePodSpec(podSpec, 'spec.template.spec');
    if (podSpec.restartPolicy === 'Always') {
      errors.push({
        ...notSupported('spec.template.spec.restartPolicy', 'Always', ['OnFailure', 'Never']),
        message: 'Required value: valid values: "OnFailure", "Never"',
        reason: 'FieldValueRequired',
      });
    }
    return errors;
  },
};

export const workloadRules: Readonly<Record<string, KindRules>> = {
  Deployment: deployment,
  ReplicaSet: replicaSet,
  StatefulSet: statefulSet,
  Job: job,
};
