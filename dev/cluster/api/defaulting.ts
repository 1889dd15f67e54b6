// Defaults of a structural schema, filled into a custom resource on every read of a request, as the real server does it.
import { copy, type Fields, isFields } from './objects.ts';
import type { Schema } from './schema.ts';

/** Fills defaults in place. A null in a field that has a default and may not be null counts as absent. */
export function fillDefaults(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) fillDefaults(item, schema.items);
    return;
  }
  if (!isFields(value)) return;
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    fillField(value, key, inner);
  }
  if (typeof schema.additionalProperties !== 'object') return;
  for (const key of Object.keys(value)) {
    if (schema.properties?.[key] === undefined) fillField(value, key, schema.additionalProperties);
  }
}

function fillField(fields: Fields, key: string, schema: Schema): void {
  const isAbsent = fields[key] === undefined || (fields[key] === null && schema.nullable !== true);
  if (isAbsent && schema.default !== undefined) fields[key] = copy(schema.default);
  fillDefaults(fields[key], schema);
}
