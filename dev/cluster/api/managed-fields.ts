// Who owns which field (metadata.managedFields): updated on every write, and the reason for apply's conflicts and removals.
// Entries are keyed as in kube-apiserver by manager, operation, apiVersion and subresource.
import { differenceOf } from './field-paths.ts';
import { FieldSet } from './field-set.ts';
import { type Fields, isFields, type KubeObject, type ManagedFieldsEntry } from './objects.ts';
import type { Schema } from './schema.ts';

const UNTRACKED_METADATA = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
]);

export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
}

export interface Owner extends Writer {
  readonly set: FieldSet;
  readonly time: string | undefined;
}

export function ownersOf(object: KubeObject | undefined): Owner[] {
  return (object?.metadata.managedFields ?? []).map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
    set: FieldSet.parse(entry.fieldsV1),
    time: entry.time,
  }));
}

export function isSameWriter(left: Writer, right: Writer): boolean {
  return (
    left.manager === right.manager &&
    left.operation === right.operation &&
    left.apiVersion === right.apiVersion &&
    left.subresource === right.subresource
  );
}

export function writeOwners(object: KubeObject, owners: readonly Owner[]): void {
  const entries = owners.filter((owner) => !owner.set.isEmpty).sort(inServerOrder);
  if (entries.length === 0) {
    delete object.metadata.managedFields;
    return;
  }
  object.metadata.managedFields = entries.map(entryOf);
}

function entryOf(owner: Owner): ManagedFieldsEntry {
  return {
    manager: owner.manager,
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time === undefined ? {} : { time: owner.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: owner.set.toFields(),
    ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
  };
}

function inServerOrder(left: Owner, right: Owner): number {
  return (
    compareText(left.operation, right.operation) ||
    compareText(left.time ?? '', right.time ?? '') ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource)
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The part of an object whose fields have owners, seen from one endpoint: the status endpoint does not own the spec. */
export function ownedView(object: Fields, untracked: readonly string[]): Fields {
  const view: Fields = {};
  for (const [key, value] of Object.entries(object)) {
    if (key === 'apiVersion' || key === 'kind' || untracked.includes(key)) continue;
    if (key !== 'metadata' || !isFields(value)) {
      view[key] = value;
      continue;
    }
    const tracked = Object.entries(value).filter(([name]) => !UNTRACKED_METADATA.has(name));
    if (tracked.length > 0) view.metadata = Object.fromEntries(tracked);
  }
  return view;
}

/** Ownership after a plain write: the writer takes what it changed, others lose that and what is gone. */
export function ownersAfterUpdate(
  before: Fields,
  after: Fields,
  schema: Schema,
  owners: readonly Owner[],
  writer: Writer,
  time: string,
): Owner[] {
  // Every object has metadata, so nobody brings it into being.
  const { changed, removed } = differenceOf({ metadata: {}, ...before }, { metadata: {}, ...after }, schema);
  const result = owners.map((owner) => ({ ...owner, set: owner.set.difference(changed).difference(removed) }));
  if (changed.isEmpty) return result;
  const others = result.filter((owner) => !isSameWriter(owner, writer));
  const own = owners.find((owner) => isSameWriter(owner, writer))?.set ?? new FieldSet();
  // The scale endpoint of the real server leaves the time out; kubectl shows such an entry without age.
  const stamp = writer.subresource === 'scale' ? undefined : time;
  return [...others, { ...writer, set: own.difference(removed).union(changed), time: stamp }];
}
