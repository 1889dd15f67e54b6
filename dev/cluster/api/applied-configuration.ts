// The first look at an applied configuration: it must fit the schema before it can be merged. The real server answers 500 for one
// that does not, in these words; fieldValidation does not soften it. Values in range are judged later, by validation.
import { elementsOf } from './field-paths.ts';
import { type Fields, isFields, type KubeObject } from './objects.ts';
import { groupVersion, type Resource } from './resource.ts';
import { listKeys, preservesUnknown, type Schema } from './schema.ts';
import { StatusError } from './status-error.ts';

export function checkConfiguration(resource: Resource, config: Fields): void {
  const faults: string[] = [];
  const { apiVersion: _apiVersion, kind: _kind, ...fields } = config;
  look(fields, resource.schema, '', faults);
  if (faults.length === 0) return;
  const metadata = (config as KubeObject).metadata ?? {};
  const id = `${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${groupVersion(resource)}, Kind=${resource.kind}`;
  const words = faults.length === 1 ? faults[0] : `errors:\n  ${faults.join('\n  ')}`;
  throw new StatusError(500, `failed to create typed patch object (${id}): ${words}`);
}

function look(value: unknown, schema: Schema, path: string, faults: string[]): void {
  if (value === null || value === undefined) return;
  const expected = expectedType(value, schema);
  if (expected !== undefined) {
    faults.push(`${path}: expected ${expected}, got ${typeInWords(value, expected)}`);
    return;
  }
  if (Array.isArray(value)) lookAtList(value, schema, path, faults);
  else if (isFields(value)) lookAtFields(value, schema, path, faults);
}

function expectedType(value: unknown, schema: Schema): string | undefined {
  if (schema['x-kubernetes-int-or-string'] === true)
    return typeof value === 'object' || typeof value === 'boolean' ? 'string' : undefined;
  switch (schema.type) {
    case 'integer':
    case 'number':
      return typeof value === 'number' ? undefined : 'numeric (int or float)';
    case 'string':
      return typeof value === 'string' ? undefined : 'string';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'boolean';
    case 'array':
      return Array.isArray(value) ? undefined : 'list';
    case 'object':
      return isFields(value) ? undefined : 'map';
    default:
      return undefined;
  }
}

function typeInWords(value: unknown, expected: string): string {
  const name = Array.isArray(value) ? 'list' : isFields(value) ? 'map' : typeof value;
  return expected.startsWith('numeric') ? name : `&{${String(isFields(value) || Array.isArray(value) ? name : value)}}`;
}

function lookAtFields(value: Fields, schema: Schema, path: string, faults: string[]): void {
  for (const [key, inner] of Object.entries(value)) {
    const declared =
      schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const next =
      declared ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
    if (next !== undefined) look(inner, next, `${path}.${key}`, faults);
    else if (
      !preservesUnknown(schema) &&
      schema.type !== undefined &&
      schema['x-kubernetes-embedded-resource'] !== true
    ) {
      faults.push(`${path}.${key}: field not declared in schema`);
    }
  }
}

function lookAtList(value: readonly unknown[], schema: Schema, path: string, faults: string[]): void {
  const isKeyed = schema['x-kubernetes-list-type'] === 'map' || schema['x-kubernetes-list-type'] === 'set';
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const element = isKeyed ? [...elementsOf([item], schema)!.keys()][0]! : undefined;
    if (element !== undefined && seen.has(element))
      faults.push(`${path}: duplicate entries for key ${keyInWords(element)}`);
    if (element !== undefined) seen.add(element);
    const at = element === undefined ? `[${index}]` : keyInWords(element);
    if (isFields(item))
      for (const key of missingKeys(item, schema))
        faults.push(
          `${path}: element ${index}: associative list with keys has an element that omits key field "${key}" (and doesn't have default value)`,
        );
    if (schema.items !== undefined) look(item, schema.items, `${path}${at}`, faults);
  }
}

function missingKeys(item: Fields, schema: Schema): string[] {
  return listKeys(schema).filter(
    (key) => item[key] === undefined && schema.items?.properties?.[key]?.default === undefined && key !== 'protocol',
  );
}

function keyInWords(element: string): string {
  if (element.startsWith('v:')) return `[=${element.slice(2)}]`;
  const keys = JSON.parse(element.slice(2)) as Fields;
  return `[${Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',')}]`;
}
