// A value against a structural schema. Messages are those of kube-openapi's validator, which kubectl prints as they are.
import { isFields } from './objects.ts';
import { listKeys, type Schema } from './schema.ts';
import { duplicate, type FieldError, notSupported, required, wrong } from './status-error.ts';

/** Faults of the object's fields; metadata is typed and checked elsewhere. */
export function validateSchema(object: Record<string, unknown>, schema: Schema): FieldError[] {
  const errors: FieldError[] = [];
  const { metadata: _metadata, apiVersion: _apiVersion, kind: _kind, ...properties } = schema.properties ?? {};
  validate(object, { ...schema, properties }, '', errors);
  return errors;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function hasType(value: unknown, type: string): boolean {
  const found = typeName(value);
  return found === type || (type === 'number' && found === 'integer');
}

function validate(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  if (value === undefined) return;
  if (value === null && schema.nullable === true) return;
  const types =
    schema['x-kubernetes-int-or-string'] === true
      ? ['integer', 'string']
      : schema.type === undefined
        ? []
        : [schema.type];
  if (types.length > 0 && !types.some((type) => hasType(value, type))) {
    const found = typeName(value);
    const message = `Invalid value: "${found}": ${path} in body must be of type ${types.join(',')}: "${found}"`;
    errors.push({ reason: 'FieldValueTypeInvalid', field: path, message });
    return;
  }
  if (typeof value === 'string') validateString(value, schema, path, errors);
  if (typeof value === 'number') validateNumber(value, schema, path, errors);
  if (Array.isArray(value)) validateList(value, schema, path, errors);
  if (isFields(value)) validateFields(value, schema, path, errors);
  if (schema.enum !== undefined && !schema.enum.some((one) => JSON.stringify(one) === JSON.stringify(value))) {
    errors.push(notSupported(path, value, schema.enum));
  }
  validateCombined(value, schema, path, errors);
}

function validateString(value: string, schema: Schema, path: string, errors: FieldError[]): void {
  const length = [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    errors.push({
      reason: 'FieldValueTooLong',
      field: path,
      message: `Too long: may not be more than ${schema.maxLength} bytes`,
    });
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    errors.push(wrong(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    errors.push(wrong(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format !== undefined && !matchesFormat(value, schema.format)) {
    errors.push({
      reason: 'FieldValueInvalid',
      field: path,
      message: `Invalid value: ${JSON.stringify(value)}: ${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`,
    });
  }
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)$/,
  date: /^\d{4}-\d\d-\d\d$/,
  ipv4: /^(\d{1,3}\.){3}\d{1,3}$/,
  uuid: /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i,
  hostname: /^([A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*\.?$/,
  byte: /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  duration: /^([+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$|^0$|^\d+ ?(ns|us|ms|s|m|h|d|w)$/,
};

function matchesFormat(value: string, format: string): boolean {
  return FORMATS[format]?.test(value) ?? true;
}

function validateNumber(value: number, schema: Schema, path: string, errors: FieldError[]): void {
  const { minimum, maximum, multipleOf } = schema;
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    const words = schema.exclusiveMaximum === true ? 'less than' : 'less than or equal to';
    errors.push(wrong(path, value, `${path} in body should be ${words} ${maximum}`));
  }
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    const words = schema.exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
    errors.push(wrong(path, value, `${path} in body should be ${words} ${minimum}`));
  }
  if (multipleOf !== undefined && value % multipleOf !== 0) {
    errors.push(wrong(path, value, `${path} in body should be a multiple of ${multipleOf}`));
  }
  const limit = schema.format === 'int32' ? 2 ** 31 : schema.format === 'int64' ? 2 ** 63 : undefined;
  if (limit !== undefined && (value >= limit || value < -limit)) {
    errors.push(wrong(path, value, `${path} in body must be of type ${schema.format}: "${value}"`));
  }
}

function tooMany(path: string, count: number, max: number): FieldError {
  return { reason: 'FieldValueTooMany', field: path, message: `Too many: ${count}: must have at most ${max} items` };
}

function validateList(value: readonly unknown[], schema: Schema, path: string, errors: FieldError[]): void {
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    errors.push(tooMany(path, value.length, schema.maxItems));
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    errors.push(wrong(path, value.length, `${path} in body should have at least ${schema.minItems} items`));
  }
  for (const [index, item] of value.entries()) {
    if (schema.items !== undefined) validate(item, schema.items, `${path}[${index}]`, errors);
  }
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== 'map' && listType !== 'set') return;
  const seen = new Set<string>();
  value.forEach((item, index) => {
    const key =
      listType === 'set'
        ? item
        : Object.fromEntries(listKeys(schema).map((name) => [name, isFields(item) ? item[name] : undefined]));
    const text = JSON.stringify(key);
    if (seen.has(text)) errors.push(duplicate(`${path}[${index}]`, key));
    seen.add(text);
  });
}

function validateFields(value: Record<string, unknown>, schema: Schema, path: string, errors: FieldError[]): void {
  const below = (key: string) => (path === '' ? key : `${path}.${key}`);
  const count = Object.keys(value).length;
  if (schema.maxProperties !== undefined && count > schema.maxProperties)
    errors.push(tooMany(path, count, schema.maxProperties));
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    errors.push(wrong(path, count, `${path} in body should have at least ${schema.minProperties} properties`));
  }
  for (const key of Object.keys(value).sort()) {
    const declared = schema.properties?.[key];
    if (declared !== undefined) validate(value[key], declared, below(key), errors);
    else if (typeof schema.additionalProperties === 'object')
      validate(value[key], schema.additionalProperties, below(key), errors);
  }
  for (const key of schema.required ?? []) {
    if (value[key] === undefined) errors.push(required(below(key)));
  }
}

function passes(value: unknown, schema: Schema, path: string): boolean {
  const errors: FieldError[] = [];
  validate(value, schema, path, errors);
  return errors.length === 0;
}

function validateCombined(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  const shown = `"${path}"`;
  for (const inner of schema.allOf ?? []) validate(value, inner, path, errors);
  if (schema.anyOf !== undefined && !schema.anyOf.some((inner) => passes(value, inner, path))) {
    errors.push(wrong(path, '', `${shown} must validate at least one schema (anyOf)`));
  }
  if (schema.oneOf !== undefined) {
    const count = schema.oneOf.filter((inner) => passes(value, inner, path)).length;
    const found = count === 0 ? 'none' : String(count);
    if (count !== 1)
      errors.push(wrong(path, '', `${shown} must validate one and only one schema (oneOf). Found ${found} valid`));
  }
  if (schema.not !== undefined && passes(value, schema.not, path)) {
    errors.push(wrong(path, '', `${shown} must not validate the schema (not)`));
  }
}
