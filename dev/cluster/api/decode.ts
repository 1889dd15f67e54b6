// From a parsed body to an object of the resource: type checks of built-in kinds, pruning, and the strict-decoding report.
// Does not default and does not validate.
import { type Fields, isFields, type KubeObject } from './objects.ts';
import { decodeTyped, type FieldValidation, pruneUnknown, reportStrictFaults } from './prune.ts';
import type { ApiRequest } from './request.ts';
import { groupVersion, type Resource } from './resource.ts';
import { badRequest } from './status-error.ts';

export interface Decoded {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
  /** A custom resource sent under another kind: the real server then neither prunes nor defaults, and refuses while validating. */
  readonly isForeignKind: boolean;
}

export function fieldValidation(request: ApiRequest): FieldValidation {
  const mode = request.query.get('fieldValidation');
  if (mode === 'Strict' || mode === 'Ignore') return mode;
  return 'Warn';
}

export function decodeObject(
  resource: Resource,
  value: unknown,
  duplicates: readonly string[],
  mode: FieldValidation,
  alreadyUnknown: readonly string[] = [],
): Decoded {
  if (!isFields(value)) throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind})`);
  const fields: Fields = { ...value };
  const isForeignKind = checkKind(resource, fields);
  if (fields.metadata !== undefined && fields.metadata !== null && !isFields(fields.metadata)) {
    throw badRequest(refusal(resource, 'json: cannot unmarshal metadata into a Go value of type v1.ObjectMeta'));
  }
  fields.metadata = { ...(fields.metadata as Fields | undefined) };
  if (isForeignKind) return { object: fields as KubeObject, warnings: [], isForeignKind };
  const unknown: string[] = [];
  const fail = (why: string) => badRequest(refusal(resource, why));
  const typed = resource.isCustom
    ? decodeMetadata(resource, fields, fail)
    : (decodeTyped(fields, resource.schema, { path: '', struct: resource.kind }, fail) as Fields);
  pruneUnknown(resource.isCustom ? typed : fields, resource.schema, '', unknown);
  const pruned = resource.isCustom ? (pruneUnknown(typed, resource.schema, '', []) as Fields) : typed;
  const faults = [
    ...duplicates.map((path) => `duplicate field "${path}"`),
    ...unknown.filter((path) => !alreadyUnknown.includes(path)).map((path) => `unknown field "${path}"`),
  ];
  const warnings = reportStrictFaults(faults, mode, (why) => refusal(resource, why));
  return { object: pruned as KubeObject, warnings, isForeignKind };
}

function refusal(resource: Resource, why: string): string {
  return `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${why}`;
}

/** Metadata is typed even in custom resources, whose other fields are left to their schema. */
function decodeMetadata(resource: Resource, fields: Fields, fail: (why: string) => Error): Fields {
  const metadata = resource.schema.properties?.metadata;
  if (metadata === undefined) return fields;
  const place = { path: 'metadata', struct: 'ObjectMeta' };
  const kept: Fields = { ...(fields.metadata as Fields) };
  const decoded = decodeTyped(kept, metadata, place, fail) as Fields;
  for (const key of Object.keys(kept)) {
    if (metadata.properties?.[key] !== undefined) delete kept[key];
  }
  return { ...fields, metadata: { ...kept, ...decoded } };
}

function checkKind(resource: Resource, fields: Fields): boolean {
  const expected = groupVersion(resource);
  const { apiVersion, kind } = fields;
  if (apiVersion === undefined || apiVersion === '') {
    if (kind !== undefined && kind !== '' && resource.isCustom) throw badRequest(missingKind(resource, 'apiVersion'));
    fields.apiVersion = expected;
  }
  if (kind === undefined || kind === '') {
    if (resource.isCustom)
      throw badRequest(
        `the object provided is unrecognized (must be of type ${resource.kind}): Object 'Kind' is missing`,
      );
    fields.kind = resource.kind;
  }
  if (fields.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${String(fields.apiVersion)}) does not match the expected API version (${expected})`,
    );
  }
  if (fields.kind === resource.kind) return false;
  if (resource.isCustom) return true;
  throw badRequest(`${String(fields.kind)} in version "${resource.version}" cannot be handled as a ${resource.kind}`);
}

function missingKind(resource: Resource, what: string): string {
  return `the object provided is unrecognized (must be of type ${resource.kind}): '${what}' is missing`;
}
