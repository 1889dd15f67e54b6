// From objects to field paths: which fields an applied configuration names, and what changed between two states of an object.
// The two walks differ as in structured-merge-diff: a configuration owns leaves, a change also owns the objects it brought.
import { FieldSet } from './field-set.ts';
import { type Fields, isFields, same } from './objects.ts';
import { isAtomic, listKeys, type Schema, schemaOfField } from './schema.ts';

/** The path element of a list entry, e.g. `k:{"name":"http"}`; a missing key counts with its default. */
export function entryElement(item: unknown, schema: Schema | undefined): string {
  if (schema?.['x-kubernetes-list-type'] === 'set') return `v:${JSON.stringify(item)}`;
  const keys: Fields = {};
  for (const name of [...listKeys(schema)].sort()) {
    const value = isFields(item) ? item[name] : undefined;
    keys[name] = value ?? keyDefault(schema, name);
  }
  return `k:${JSON.stringify(keys)}`;
}

function keyDefault(schema: Schema | undefined, name: string): unknown {
  const declared = schema?.items?.properties?.[name]?.default;
  // The one keyed field of the built-in kinds that may be left out.
  return declared ?? (name === 'protocol' ? 'TCP' : null);
}

/** The elements directly below a value, or undefined where the value is one leaf. */
export function elementsOf(
  value: unknown,
  schema: Schema | undefined,
): Map<string, [unknown, Schema | undefined]> | undefined {
  if (isAtomic(schema, value)) return undefined;
  const result = new Map<string, [unknown, Schema | undefined]>();
  if (Array.isArray(value)) {
    for (const item of value) result.set(entryElement(item, schema), [item, schema?.items]);
    return result;
  }
  if (!isFields(value)) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) result.set(`f:${key}`, [inner, schemaOfField(schema, key)]);
  }
  return result;
}

/** Fields named by an applied configuration. */
export function fieldsOf(value: unknown, schema: Schema | undefined, set = new FieldSet()): FieldSet {
  const elements = elementsOf(value, schema);
  if (elements === undefined || elements.size === 0) {
    set.isMember = true;
    return set;
  }
  for (const [element, [inner, innerSchema]] of elements) {
    const child = fieldsOf(inner, innerSchema, set.child(element));
    if (!element.startsWith('f:')) child.isMember = true;
  }
  return set;
}

export interface Difference {
  /** Added and modified. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

export function differenceOf(before: Fields, after: Fields, schema: Schema): Difference {
  const changed = new FieldSet();
  const removed = new FieldSet();
  compare(before, after, schema, changed, removed);
  return { changed, removed };
}

function compare(
  before: unknown,
  after: unknown,
  schema: Schema | undefined,
  changed: FieldSet,
  removed: FieldSet,
): void {
  if (before === undefined) {
    markAll(after, schema, changed);
    return;
  }
  if (after === undefined) {
    markAll(before, schema, removed);
    return;
  }
  const left = elementsOf(before ?? emptyLike(after), schema);
  const right = elementsOf(after ?? emptyLike(before), schema);
  if (left === undefined || right === undefined || Array.isArray(before ?? after) !== Array.isArray(after ?? before)) {
    if (!same(before, after)) changed.isMember = true;
    return;
  }
  for (const element of new Set([...left.keys(), ...right.keys()])) {
    const [old, oldSchema] = left.get(element) ?? [undefined, undefined];
    const [now, nowSchema] = right.get(element) ?? [undefined, undefined];
    compare(old, now, nowSchema ?? oldSchema, changed.child(element), removed.child(element));
  }
}

function emptyLike(value: unknown): unknown {
  return Array.isArray(value) ? [] : isFields(value) ? {} : null;
}

function markAll(value: unknown, schema: Schema | undefined, set: FieldSet): void {
  set.isMember = true;
  for (const [element, [inner, innerSchema]] of elementsOf(value, schema) ?? []) {
    markAll(inner, innerSchema, set.child(element));
  }
}
