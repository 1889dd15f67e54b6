// Server-side apply on plain JSON: merges a configuration into the live object, takes away what its manager no longer names and
// nobody else owns, and reports conflicts. No storage, no HTTP; server-side-apply.ts calls it.
import { differenceOf, elementsOf, entryElement, fieldsOf } from './field-paths.ts';
import { FieldSet, pathInWords } from './field-set.ts';
import { isSameWriter, type Owner, type Writer } from './managed-fields.ts';
import { copy, type Fields, isFields } from './objects.ts';
import { isAtomic, isDeclaredField, type Schema, schemaOfField } from './schema.ts';
import { StatusError } from './status-error.ts';

export interface ApplyResult {
  readonly object: Fields;
  readonly owners: Owner[];
}

export interface ApplyInput {
  /** Live object and configuration, both as the tracked view. */
  readonly live: Fields;
  readonly config: Fields;
  readonly schema: Schema;
  readonly owners: readonly Owner[];
  readonly writer: Writer;
  readonly isForced: boolean;
  readonly time: string;
}

export function applyConfiguration({ live, config, schema, owners, writer, isForced, time }: ApplyInput): ApplyResult {
  const set = fieldsOf(config, schema);
  const previous = owners.find((owner) => isSameWriter(owner, writer));
  const others = owners.filter((owner) => !isSameWriter(owner, writer));
  const merged = merge(live, config, schema) as Fields;
  const kept = [...others.map((owner) => owner.set), set].reduce((left, right) => left.union(right), new FieldSet());
  const object = previous === undefined ? merged : (prune(merged, schema, previous.set, kept) as Fields);
  const { changed, removed } = differenceOf(live, object, schema);
  const conflicts = others
    .map((owner) => ({ owner, fields: [...owner.set.intersection(changed).members()] }))
    .filter(({ fields }) => fields.length > 0);
  if (conflicts.length > 0 && !isForced) throw conflictError(conflicts);
  const remaining = others.map((owner) => ({ ...owner, set: owner.set.difference(changed).difference(removed) }));
  const isUnchanged = previous?.set.equals(set) === true && changed.isEmpty && removed.isEmpty;
  return { object, owners: [...remaining, { ...writer, set, time: isUnchanged ? previous.time : time }] };
}

function conflictError(conflicts: readonly { owner: Owner; fields: (readonly string[])[] }[]): StatusError {
  const causes = conflicts.flatMap(({ owner, fields }) =>
    fields.map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${managerInWords(owner)}`,
      field: pathInWords(path),
    })),
  );
  const byManager = new Map<string, string[]>();
  for (const cause of causes) byManager.set(cause.message, [...(byManager.get(cause.message) ?? []), cause.field]);
  // Managers in alphabetical order, as the real server prints them, whoever wrote last.
  const inOrder = [...byManager].sort(([left], [right]) => (left < right ? -1 : 1));
  const words = inOrder.map(([manager, fields]) =>
    byManager.size === 1 && fields.length === 1
      ? `${manager}: ${fields[0]}`
      : `${manager.replace('conflict', 'conflicts')}:\n${fields.map((field) => `- ${field}`).join('\n')}`,
  );
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`;
  return new StatusError(409, `Apply failed with ${count}: ${words.join('\n')}`, {
    reason: 'Conflict',
    details: { causes },
  });
}

function managerInWords(owner: Owner): string {
  if (owner.operation === 'Apply') {
    return owner.subresource === ''
      ? `"${owner.manager}"`
      : `"${owner.manager}" with subresource "${owner.subresource}"`;
  }
  const subresource = owner.subresource === '' ? '' : ` with subresource "${owner.subresource}"`;
  return `"${owner.manager}"${subresource} using ${owner.apiVersion}`;
}

function merge(live: unknown, config: unknown, schema: Schema | undefined): unknown {
  if (config === undefined) return live;
  if (live === undefined || live === null || isAtomic(schema, config)) return copy(config);
  if (Array.isArray(config) && Array.isArray(live)) return mergeLists(live, config, schema);
  if (!isFields(config) || !isFields(live)) return copy(config);
  const result: Fields = { ...live };
  for (const [key, value] of Object.entries(config)) {
    result[key] = merge(live[key], value, schemaOfField(schema, key));
  }
  return result;
}

/** The configuration's order wins; entries that only the live object has keep their place before the next shared one. */
function mergeLists(live: readonly unknown[], config: readonly unknown[], schema: Schema | undefined): unknown[] {
  const wanted = new Map(config.map((item) => [entryElement(item, schema), item]));
  const current = new Map(live.map((item) => [entryElement(item, schema), item]));
  const result: unknown[] = [];
  const left = [...current.keys()];
  const right = [...wanted.keys()];
  const done = new Set<string>();
  while (left.length > 0 || right.length > 0) {
    const next = left[0];
    if (next !== undefined && (!wanted.has(next) || done.has(next))) {
      if (!wanted.has(next)) result.push(current.get(next));
      left.shift();
      continue;
    }
    const element = right.shift();
    if (element === undefined) break;
    done.add(element);
    result.push(merge(current.get(element), wanted.get(element), schema?.items));
  }
  return result;
}

/** Removes what `last` owned and nothing in `kept` holds; a declared field goes with everything below it. */
function prune(value: unknown, schema: Schema | undefined, last: FieldSet, kept: FieldSet): unknown {
  const elements = elementsOf(value, schema);
  if (elements === undefined) return value;
  const isList = Array.isArray(value);
  const items: unknown[] = [];
  const fields: Fields = {};
  for (const [element, [inner, innerSchema]] of elements) {
    const owned = last.children.get(element);
    const holding = kept.children.get(element);
    const isStructField = element.startsWith('f:') && isDeclaredField(schema, element.slice(2));
    if (owned !== undefined && isRemoved(owned, holding, isStructField)) continue;
    const remaining = owned === undefined ? inner : prune(inner, innerSchema, owned, holding ?? new FieldSet());
    if (isList) items.push(remaining);
    else fields[element.slice(2)] = remaining;
  }
  return isList ? items : fields;
}

function isRemoved(owned: FieldSet, holding: FieldSet | undefined, isStructField: boolean): boolean {
  const wasMember = owned.isMember || (isStructField && !owned.isEmpty);
  if (!wasMember) return false;
  if (holding === undefined) return true;
  return isStructField ? holding.isEmpty : !holding.isMember;
}
