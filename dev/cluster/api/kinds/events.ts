// Rules of Events in both their groups: the fields that can be selected by, what the typed server writes, and validation.
import { type Fields, fieldsAt, type KubeObject, setDefault, valueAt } from '../objects.ts';
import type { KindRules, SelectableField } from '../resource.ts';
import { type FieldError, required, wrong } from '../status-error.ts';

function text(...path: string[]): SelectableField {
  return { path: path.join('.'), read: (object) => String(valueAt(object, ...path) ?? '') };
}

const OBJECT_KEYS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

const EVENT_FIELDS: readonly SelectableField[] = [
  ...OBJECT_KEYS.map((key) => text('involvedObject', key)),
  ...OBJECT_KEYS.map((key) => ({ ...text('involvedObject', key), path: `regarding.${key}` })),
  text('reason'),
  text('type'),
  text('reportingComponent'),
  { path: 'reportingController', read: (object) => String(object.reportingComponent ?? '') },
  {
    path: 'source',
    read: (object) => String(fieldsAt(object, 'source')?.component ?? object.reportingComponent ?? ''),
  },
];

const EVENT_SKELETON: Fields = {
  involvedObject: {},
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: null,
  reportingComponent: '',
  reportingInstance: '',
};

/** The typed Event always writes these, even when they are empty. */
function completeEvent(event: KubeObject): void {
  setDefault(event, 'source', {});
  for (const key of ['firstTimestamp', 'lastTimestamp', 'eventTime']) event[key] ??= null;
  event.reportingComponent ??= '';
  event.reportingInstance ??= '';
}

function validateEvent(event: KubeObject): FieldError[] {
  const involved = fieldsAt(event, 'involvedObject') ?? {};
  const namespace = event.metadata.namespace;
  const errors: FieldError[] = [];
  if ((involved.namespace ?? '') !== '' && involved.namespace !== namespace) {
    errors.push(wrong('involvedObject.namespace', involved.namespace, 'does not match event.namespace'));
  }
  if ((involved.namespace ?? '') === '' && namespace !== 'default' && namespace !== 'kube-system') {
    errors.push(wrong('involvedObject.namespace', '', 'does not match event.namespace'));
  }
  return errors;
}

/** The newer API asks for more. */
function validateNewEvent(event: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors = validateEvent(event);
  if (old !== undefined) return errors;
  if (event.eventTime === null || event.eventTime === undefined) errors.push(required('eventTime'));
  if ((event.reportingComponent ?? '') === '') errors.push(required('reportingController'));
  if ((event.reportingInstance ?? '') === '') errors.push(required('reportingInstance'));
  if ((event.action ?? '') === '') errors.push(required('action'));
  if ((event.reason ?? '') === '') errors.push(required('reason'));
  if (!/^(Normal|Warning)$/.test(String(event.type)))
    errors.push(wrong('type', event.type ?? '', 'has invalid value: '));
  if (String(event.message ?? '').length > 1024) errors.push(wrong('message', '', 'can have at most 1024 characters'));
  return errors;
}

export const newEventRules: KindRules = {
  selectableFields: EVENT_FIELDS,
  hidesName: true,
  skeleton: EVENT_SKELETON,
  defaults: completeEvent,
  validate: validateNewEvent,
};

export const coreEventRules: KindRules = {
  selectableFields: EVENT_FIELDS,
  hidesName: true,
  skeleton: EVENT_SKELETON,
  nameRule: 'path',
  defaults: completeEvent,
  validate: validateEvent,
};
