// Unknown fields: dropped from what is stored, and named so that the caller can warn or refuse (fieldValidation). For built-in
// kinds the same walk checks JSON types, because the typed server refuses those while decoding, before any validation.

import { canonicalQuantity } from './canonical-quantity.ts';
import { OMITTED_WHEN_ZERO } from './merge-keys.ts';
import { type Fields, isFields } from './objects.ts';
import { preservesUnknown, type Schema } from './schema.ts';
import { badRequest } from './status-error.ts';

/** Copies `value` without what `schema` does not know; `unknown` collects the paths of what was dropped. */
export function pruneUnknown(value: unknown, schema: Schema, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    if (schema.items === undefined) return value;
    return value.map((item, index) => pruneUnknown(item, schema.items!, `${path}[${index}]`, unknown));
  }
  if (!isFields(value)) return value;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const result: Fields = {};
  for (const [key, inner] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const declared =
      schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (declared !== undefined) result[key] = pruneUnknown(inner, declared, at, unknown);
    else if (typeof schema.additionalProperties === 'object') {
      result[key] = pruneUnknown(inner, schema.additionalProperties, at, unknown);
    } else if (preservesUnknown(schema) || (isEmbedded && /^(apiVersion|kind|metadata)$/.test(key)))
      result[key] = inner;
    else unknown.push(at);
  }
  return result;
}

const JSON_TYPES: Readonly<Record<string, string>> = {
  object: 'object',
  boolean: 'bool',
  string: 'string',
  number: 'number',
};

function jsonType(value: unknown): string {
  return Array.isArray(value) ? 'array' : (JSON_TYPES[typeof value] ?? typeof value);
}

function goType(schema: Schema): string {
  if (schema.type === 'object') return schema.model === undefined ? 'map[string]string' : `v1.${goStruct(schema)}`;
  if (schema.type === 'array') {
    const item = schema.items === undefined ? 'interface {}' : goType(schema.items);
    return `[]${item}`;
  }
  if (schema.type === 'integer') return schema.format ?? 'int32';
  return schema.type === 'boolean' ? 'bool' : (schema.type ?? 'interface {}');
}

function goStruct(schema: Schema): string {
  return (schema.model ?? '').replace(/^(Core|Events|Discovery|Rbac)?V\d+((alpha|beta)\d+)?/, '');
}

interface DecodePlace {
  readonly path: string;
  readonly struct: string;
}

/** Copies a built-in object as its Go type would decode it: nulls are absent, wrong JSON types are refused. */
export function decodeTyped(value: unknown, schema: Schema, place: DecodePlace, fail: (why: string) => Error): unknown {
  if (value === null) return undefined;
  if (preservesUnknown(schema) && schema.properties === undefined) return value;
  const mismatch = () =>
    fail(
      `json: cannot unmarshal ${jsonType(value)} into Go struct field ${place.struct}.${place.path} of type ${goType(schema)}`,
    );
  if (schema['x-kubernetes-int-or-string'] === true) return decodeIntOrString(value, schema, fail);
  switch (schema.type) {
    case 'object':
      if (!isFields(value)) throw mismatch();
      return decodeObject(value, schema, place, fail);
    case 'array':
      if (!Array.isArray(value)) throw mismatch();
      return value.map((item) =>
        schema.items === undefined ? item : (decodeTyped(item, schema.items, place, fail) ?? null),
      );
    case 'string':
      if (typeof value !== 'string') throw mismatch();
      checkTime(value, schema, fail);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch();
      return value;
    case 'integer':
    case 'number':
      if (typeof value !== 'number') throw mismatch();
      if (schema.type === 'integer' && !Number.isInteger(value)) {
        throw fail(
          `json: cannot unmarshal number ${value} into Go struct field ${place.struct}.${place.path} of type ${goType(schema)}`,
        );
      }
      return value;
    default:
      return value;
  }
}

function decodeObject(value: Fields, schema: Schema, place: DecodePlace, fail: (why: string) => Error): Fields {
  const result: Fields = {};
  for (const [key, inner] of Object.entries(value)) {
    const declared = schema.properties?.[key] ?? schema.additionalProperties;
    if (typeof declared !== 'object') continue;
    const path = place.path === '' ? key : `${place.path}.${key}`;
    const struct = schema.model === undefined ? place.struct : goStruct(schema);
    const decoded = decodeTyped(inner, declared, { path, struct }, fail);
    if (decoded !== undefined && !isOmitted(decoded, declared, schema, key)) result[key] = decoded;
  }
  return result;
}

/** What Go's `omitempty` leaves out when the typed server writes the object: empty lists and maps, and counts of zero. */
function isOmitted(value: unknown, declared: Schema, parent: Schema, key: string): boolean {
  if (parent.model === undefined) return false;
  if (value === 0) return OMITTED_WHEN_ZERO.has(`${parent.model}.${key}`);
  const isEmptyList = Array.isArray(value) && value.length === 0;
  const isEmptyMap = declared.additionalProperties !== undefined && isFields(value) && Object.keys(value).length === 0;
  return (isEmptyList || isEmptyMap) && parent.required?.includes(key) !== true;
}

function decodeIntOrString(value: unknown, schema: Schema, fail: (why: string) => Error): unknown {
  if (schema.format === 'quantity') {
    const text = typeof value === 'number' ? String(value) : value;
    const canonical = typeof text === 'string' ? canonicalQuantity(text) : undefined;
    if (canonical === undefined) {
      throw fail("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    }
    return canonical;
  }
  if (typeof value !== 'string' && typeof value !== 'number')
    throw fail(`json: cannot unmarshal ${jsonType(value)} into Go value of type int32`);
  return value;
}

function checkTime(value: string, schema: Schema, fail: (why: string) => Error): void {
  if (schema.format === 'date-time' && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)) {
    throw fail(`parsing time "${value}" as "2006-01-02T15:04:05Z07:00": cannot parse "${value}" as "2006"`);
  }
  if (schema.format !== 'date-time-micro') return;
  const match = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*)?(Z|[+-]\d\d:\d\d)$/.exec(value);
  if (match?.[1]?.length === 7) return;
  const rest = match === null ? value : `${match[1] ?? ''}${match[2]}`;
  const wanted = match === null ? '2006' : '.000000';
  throw fail(`parsing time "${value}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "${rest}" as "${wanted}"`);
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** What becomes of unknown and duplicate fields: warnings to send, or a refusal. */
export function reportStrictFaults(
  faults: readonly string[],
  mode: FieldValidation,
  refusal: (why: string) => string,
): string[] {
  if (faults.length === 0 || mode === 'Ignore') return [];
  if (mode === 'Strict') throw badRequest(refusal(`strict decoding error: ${faults.join(', ')}`));
  return [...faults];
}
