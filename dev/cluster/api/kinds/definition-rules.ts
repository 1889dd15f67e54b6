// Rules of CustomResourceDefinitions: completion and validation, so that a definition that a real server refuses is refused here too.
import { CelRules } from '../cel.ts';
import { completeDefinition } from '../custom-resources.ts';
import { nameFaults } from '../names.ts';
import { type Fields, fieldsAt, isFields, type KubeObject, listAt } from '../objects.ts';
import type { KindRules } from '../resource.ts';
import type { Schema } from '../schema.ts';
import { validateSchema } from '../schema-validation.ts';
import { duplicate, type FieldError, notAllowed, notSupported, required, wrong } from '../status-error.ts';

const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];

export const definitionRules: KindRules = {
  hasGeneration: true,
  requiresResourceVersion: true,
  skeleton: {
    spec: { names: {}, group: '', scope: '', versions: null },
    status: { conditions: null, acceptedNames: {}, storedVersions: null },
  },
  defaults: completeDefinition,
  prepareUpdate: (object, old) => {
    const kept = old.metadata.finalizers?.includes(CLEANUP) === true && object.metadata.deletionTimestamp === undefined;
    if (kept && !(object.metadata.finalizers ?? []).includes(CLEANUP))
      object.metadata.finalizers = [...(object.metadata.finalizers ?? []), CLEANUP];
  },
  validate: validateDefinition,
};

function validateDefinition(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = object.spec as Fields | undefined;
  if (!isFields(spec)) return [required('spec')];
  const errors: FieldError[] = [];
  const names = fieldsAt(spec, 'names') ?? {};
  const expected = `${String(names.plural ?? '')}.${String(spec.group ?? '')}`;
  if (object.metadata.name !== expected)
    errors.push(wrong('metadata.name', object.metadata.name, `must be spec.names.plural+"."+spec.group`));
  if ((spec.group ?? '') === '') errors.push(required('spec.group'));
  if (!/^(Cluster|Namespaced)$/.test(String(spec.scope)))
    errors.push(notSupported('spec.scope', spec.scope ?? '', ['Cluster', 'Namespaced']));
  for (const key of ['plural', 'singular', 'kind', 'listKind']) {
    const value = String(names[key] ?? '');
    if (value === '') errors.push(required(`spec.names.${key}`));
    else
      for (const fault of nameFaults(value.toLowerCase(), 'service'))
        errors.push(wrong(`spec.names.${key}`, value, fault));
  }
  const versions = listAt(spec, 'versions');
  const stored = versions.filter((version) => version.storage === true).length;
  if (stored !== 1)
    errors.push(wrong('spec.versions', versions, 'must have exactly one version marked as storage version'));
  for (const [index, version] of versions.entries())
    errors.push(...validateVersion(version, `spec.versions[${index}]`));
  if (old !== undefined) errors.push(...immutableFaults(spec, old.spec as Fields));
  return errors;
}

function immutableFaults(spec: Fields, old: Fields): FieldError[] {
  const errors: FieldError[] = [];
  const pairs: [string, unknown, unknown][] = [
    ['spec.group', spec.group, old.group],
    ['spec.scope', spec.scope, old.scope],
    ['spec.names.plural', fieldsAt(spec, 'names')?.plural, fieldsAt(old, 'names')?.plural],
    ['spec.names.kind', fieldsAt(spec, 'names')?.kind, fieldsAt(old, 'names')?.kind],
  ];
  for (const [field, now, before] of pairs) if (now !== before) errors.push(wrong(field, now, 'field is immutable'));
  return errors;
}

function validateVersion(version: Fields, path: string): FieldError[] {
  const schema = fieldsAt(version, 'schema', 'openAPIV3Schema');
  if (schema === undefined) return [required(`${path}.schema.openAPIV3Schema`, 'schemas are required')];
  const errors: FieldError[] = [];
  const at = `${path}.schema.openAPIV3Schema`;
  if (schema.type !== 'object') errors.push(wrong(`${at}.type`, schema.type ?? '', 'must be "object" at the root'));
  validateStructure(schema, at, errors, true);
  for (const fault of new CelRules(schema as Schema).faults) {
    errors.push({
      reason: 'FieldValueInvalid',
      field: fault.path.replace(/^openAPIV3Schema/, at),
      message: `Invalid value: ${JSON.stringify(fault.rule)}: compilation failed: ${fault.why}`,
    });
  }
  for (const [index, column] of listAt(version, 'additionalPrinterColumns').entries()) {
    const place = `${path}.additionalPrinterColumns[${index}]`;
    if ((column.name ?? '') === '') errors.push(required(`${place}.name`));
    if (!COLUMN_TYPES.includes(String(column.type)))
      errors.push(notSupported(`${place}.type`, column.type, COLUMN_TYPES));
    if (!String(column.jsonPath ?? '').startsWith('.'))
      errors.push(wrong(`${place}.jsonPath`, column.jsonPath ?? '', 'must be a simple json path starting with .'));
  }
  return errors;
}

/** A structural schema: types everywhere, no mix of properties and additionalProperties, keyed lists with their keys. */
function validateStructure(schema: Fields, path: string, errors: FieldError[], isRoot = false): void {
  const isOpen =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if ((schema.type ?? '') === '' && !isOpen)
    errors.push(required(`${path}.type`, 'must not be empty for specified object fields'));
  if (schema.type !== undefined && !TYPES.includes(String(schema.type)))
    errors.push(notSupported(`${path}.type`, schema.type, TYPES));
  if (isFields(schema.properties) && isFields(schema.additionalProperties)) {
    errors.push(notAllowed(`${path}.additionalProperties`, 'must not be used together with properties'));
  }
  if (schema.type === 'array' && !isFields(schema.items)) errors.push(required(`${path}.items`, 'must be specified'));
  if (schema.uniqueItems === true)
    errors.push(
      notAllowed(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  validateKeys(schema, path, errors);
  if (schema.default !== undefined && !isRoot) validateDefault(schema, path, errors);
  validateInner(schema, path, errors, isRoot);
}

function validateInner(schema: Fields, path: string, errors: FieldError[], isRoot: boolean): void {
  for (const [key, inner] of Object.entries(isFields(schema.properties) ? schema.properties : {})) {
    if (isFields(inner) && !(isRoot && key === 'metadata'))
      validateStructure(inner, `${path}.properties[${key}]`, errors);
  }
  if (isFields(schema.items)) validateStructure(schema.items, `${path}.items`, errors);
  if (isFields(schema.additionalProperties))
    validateStructure(schema.additionalProperties, `${path}.additionalProperties`, errors);
}

function validateKeys(schema: Fields, path: string, errors: FieldError[]): void {
  if (schema['x-kubernetes-list-type'] !== 'map') return;
  const keys = Array.isArray(schema['x-kubernetes-list-map-keys']) ? schema['x-kubernetes-list-map-keys'] : [];
  const items = fieldsAt(schema, 'items') ?? {};
  const requiredKeys = Array.isArray(items.required) ? items.required : [];
  if (keys.length === 0)
    errors.push(required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
  for (const [index, key] of keys.entries()) {
    const declared = fieldsAt(items, 'properties', String(key));
    const at = `${path}.x-kubernetes-list-map-keys[${index}]`;
    if (keys.indexOf(key) !== index) errors.push(duplicate(at, key));
    if (declared === undefined) errors.push(wrong(at, key, 'entries must all be names of item properties'));
    else if (!requiredKeys.includes(key) && declared.default === undefined) {
      errors.push(
        required(
          `${path}.items.properties[${String(key)}].default`,
          `this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
        ),
      );
    }
  }
}

function validateDefault(schema: Fields, path: string, errors: FieldError[]): void {
  const wrapper: Schema = { type: 'object', properties: { default: { ...(schema as Schema) } } };
  const faults = validateSchema({ default: schema.default }, wrapper);
  // A default may itself be completed by defaults further in, so missing required fields are not judged here.
  for (const fault of faults.filter((one) => one.reason !== 'FieldValueRequired')) {
    errors.push({ ...fault, field: `${path}.default` });
  }
}
