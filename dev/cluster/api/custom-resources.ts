// Custom resource definitions become served resources here: schema, columns, scale paths, and the two conditions that say so.

import { age } from './age.ts';
import { validateCustom } from './custom-validation.ts';
import { fillDefaults } from './defaulting.ts';
import { parseJsonPath, readJsonPath } from './json-path.ts';
import { copy, type Fields, fieldsAt, isFields, type KubeObject, listAt, nowTimestamp } from './objects.ts';
import type { Column, KindRules, Resource, ScalePaths } from './resource.ts';
import { ALL_VERBS } from './resource.ts';
import type { Schema } from './schema.ts';

interface VersionSpec extends Fields {
  readonly name: string;
  readonly served: boolean;
}

/** One Resource a served version of the definition. */
export function resourcesOf(definition: KubeObject, metadataSchema: Schema): Resource[] {
  const spec = definition.spec as Fields;
  const names = spec.names as Fields;
  const versions = listAt(spec, 'versions') as VersionSpec[];
  return versions
    .filter((version) => version.served)
    .map((version) => {
      const own = (fieldsAt(version, 'schema', 'openAPIV3Schema') ?? {}) as Schema;
      const scale = fieldsAt(version, 'subresources', 'scale') as ScalePaths | undefined;
      const properties = {
        ...own.properties,
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: metadataSchema,
      };
      return {
        group: spec.group as string,
        version: version.name,
        plural: names.plural as string,
        singular: (names.singular as string | undefined) ?? (names.kind as string).toLowerCase(),
        kind: names.kind as string,
        listKind: (names.listKind as string | undefined) ?? `${names.kind as string}List`,
        namespaced: spec.scope === 'Namespaced',
        shortNames: (names.shortNames as string[] | undefined) ?? [],
        categories: (names.categories as string[] | undefined) ?? [],
        verbs: ALL_VERBS,
        schema: { ...own, properties },
        hasStatus: fieldsAt(version, 'subresources', 'status') !== undefined,
        scale,
        actions: [],
        isCustom: true,
        rules: rulesOf(version, own, names.kind as string),
        collection: definition.metadata.name!,
        conversion: undefined,
      };
    });
}

function rulesOf(version: VersionSpec, schema: Schema, kind: string): KindRules {
  const validate = validateCustom(schema, kind);
  return {
    defaults: (object) => {
      // Metadata is not the definition's to default.
      const { metadata, ...rest } = object;
      const { metadata: _metadata, ...properties } = schema.properties ?? {};
      fillDefaults(rest, { ...schema, properties });
      Object.assign(object, rest, { metadata });
    },
    validate,
    columns: columnsOf(listAt(version, 'additionalPrinterColumns')),
    selectableFields: listAt(version, 'selectableFields').map((field) => {
      const steps = parseJsonPath(String(field.jsonPath)) ?? [];
      return { path: String(field.jsonPath).slice(1), read: (object) => String(readJsonPath(object, steps)[0] ?? '') };
    }),
  };
}

function columnsOf(list: readonly Fields[]): Column[] | undefined {
  if (list.length === 0) {
    return [
      {
        name: 'Age',
        type: 'date',
        description: 'Custom resource definition column (in JSONPath format): .metadata.creationTimestamp',
        cell: (object, nowMs) => age(object.metadata.creationTimestamp, nowMs),
      },
    ];
  }
  return list.map((column) => {
    const steps = parseJsonPath(String(column.jsonPath)) ?? [];
    const type = String(column.type);
    return {
      name: String(column.name),
      type,
      ...(typeof column.format === 'string' ? { format: column.format } : {}),
      description:
        typeof column.description === 'string' && column.description !== ''
          ? column.description
          : `Custom resource definition column (in JSONPath format): ${String(column.jsonPath)}`,
      priority: typeof column.priority === 'number' ? column.priority : 0,
      cell: (object: KubeObject, nowMs: number) => customCell(readJsonPath(object, steps), type, nowMs),
    };
  });
}

function customCell(found: readonly unknown[], type: string, nowMs: number): unknown {
  const value = found[0];
  if (found.length === 0 || value === null) return null;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? (Number.isNaN(Date.parse(value)) ? '<invalid>' : age(value, nowMs)) : null;
    default:
      return typeof value === 'string'
        ? value
        : found.map((one) => (isFields(one) || Array.isArray(one) ? JSON.stringify(one) : String(one))).join(',');
  }
}

/** The definition as the server completes it on create: names, list kind, conversion, empty status. */
export function completeDefinition(definition: KubeObject): void {
  const spec = definition.spec as Fields | undefined;
  const names = fieldsAt(spec, 'names');
  if (spec === undefined || names === undefined) return;
  if ((names.singular ?? '') === '') names.singular = String(names.kind ?? '').toLowerCase();
  if ((names.listKind ?? '') === '') names.listKind = `${String(names.kind ?? '')}List`;
  spec.conversion ??= { strategy: 'None' };
  definition.status ??= emptyStatus(spec);
}

function emptyStatus(spec: Fields): Fields {
  const storage = listAt(spec, 'versions').filter((version) => version.storage === true);
  return {
    conditions: null,
    acceptedNames: { plural: '', kind: '' },
    storedVersions: storage.map((version) => version.name),
  };
}

export function establishedStatus(definition: KubeObject, nowMs: number): Fields {
  const lastTransitionTime = nowTimestamp(nowMs);
  const old = definition.status as Fields | undefined;
  const names = copy((definition.spec as Fields).names);
  return {
    conditions: [
      {
        type: 'NamesAccepted',
        status: 'True',
        lastTransitionTime,
        reason: 'NoConflicts',
        message: 'no conflicts found',
      },
      {
        type: 'Established',
        status: 'True',
        lastTransitionTime,
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      },
    ],
    acceptedNames: names,
    storedVersions: old?.storedVersions ?? [],
  };
}
