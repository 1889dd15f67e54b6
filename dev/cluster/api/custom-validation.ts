// Validation of custom resources: the definition's schema first, then its CEL rules, in the order and words of the real server.
import { CelRules } from './cel.ts';
import type { KubeObject } from './objects.ts';
import type { Schema } from './schema.ts';
import { validateSchema } from './schema-validation.ts';
import { type FieldError, wrong } from './status-error.ts';

/** Faults after which rules are not evaluated, because they could only fail in confusing ways. */
const BLOCKING = new Set([
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
  'FieldValueNotSupported',
]);

const NOT_CHECKED: FieldError = {
  reason: 'FieldValueInvalid',
  field: '<nil>',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

export function validateCustom(
  schema: Schema,
  kind: string,
): (object: KubeObject, old: KubeObject | undefined) => FieldError[] {
  const rules = new CelRules(schema);
  return (object, old) => {
    const errors: FieldError[] = object.kind === kind ? [] : [wrong('kind', object.kind, `must be ${kind}`)];
    errors.push(...validateSchema(object, schema));
    if (rules.isEmpty) return errors;
    if (errors.some((error) => BLOCKING.has(error.reason))) return [...errors, NOT_CHECKED];
    return [...errors, ...rules.validate(seenByRules(object), old === undefined ? undefined : seenByRules(old))];
  };
}

/** Of metadata, rules see only the name and its prefix. */
function seenByRules(object: KubeObject): KubeObject {
  const { name, generateName } = object.metadata;
  const metadata = { ...(name === undefined ? {} : { name }), ...(generateName === undefined ? {} : { generateName }) };
  return { ...object, metadata };
}
