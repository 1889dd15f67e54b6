// Strategic merge patch of built-in kinds, as kubectl apply, edit and patch send it: keyed lists merge by their key, and the
// `$patch`, `$retainKeys`, `$setElementOrder` and `$deleteFromPrimitiveList` directives are honoured.
import { type Fields, isFields } from './objects.ts';
import { listKeys, type Schema, schemaOfField } from './schema.ts';

const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

export function strategicMerge(live: unknown, patch: Fields, schema: Schema | undefined): Fields {
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  if (patch.$patch === 'delete') return {};
  const result: Fields = isFields(live) ? { ...live } : {};
  retainKeys(result, patch.$retainKeys);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_PRIMITIVES)) deletePrimitives(result, key.slice(DELETE_PRIMITIVES.length), value);
    if (key.startsWith('$')) continue;
    const inner = schemaOfField(schema, key);
    if (value === null) delete result[key];
    else if (isFields(value)) result[key] = strategicMerge(result[key], value, inner);
    else if (Array.isArray(value)) result[key] = mergeList(result[key], value, inner, patch[`${ORDER}${key}`]);
    else result[key] = value;
  }
  for (const [key, order] of Object.entries(patch)) {
    const name = key.slice(ORDER.length);
    if (key.startsWith(ORDER) && patch[name] === undefined) reorder(result, name, order, schemaOfField(schema, name));
  }
  return result;
}

function withoutDirectives(patch: Fields): Fields {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$')));
}

function retainKeys(fields: Fields, keys: unknown): void {
  if (!Array.isArray(keys)) return;
  for (const key of Object.keys(fields)) if (!keys.includes(key)) delete fields[key];
}

function deletePrimitives(fields: Fields, key: string, values: unknown): void {
  const list = fields[key];
  if (Array.isArray(list) && Array.isArray(values)) fields[key] = list.filter((item) => !values.includes(item));
}

function mergeList(live: unknown, patch: unknown[], schema: Schema | undefined, order: unknown): unknown[] {
  const current = Array.isArray(live) ? live : [];
  if (schema?.['x-kubernetes-list-type'] === 'set') return [...new Set([...current, ...patch])];
  const key = listKeys(schema)[0];
  if (key === undefined) return patch;
  if (patch.some((item) => isFields(item) && item.$patch === 'replace')) {
    return patch.filter((item) => !(isFields(item) && item.$patch === 'replace'));
  }
  const result = [...current];
  for (const item of patch) {
    if (!isFields(item)) continue;
    const at = result.findIndex((one) => isFields(one) && one[key] === item[key]);
    if (item.$patch === 'delete') {
      if (at >= 0) result.splice(at, 1);
    } else if (at >= 0) result[at] = strategicMerge(result[at], item, schema?.items);
    else result.push(strategicMerge(undefined, item, schema?.items));
  }
  return inOrder(result, order, key);
}

function reorder(fields: Fields, name: string, order: unknown, schema: Schema | undefined): void {
  const list = fields[name];
  const key = listKeys(schema)[0];
  if (Array.isArray(list) && key !== undefined) fields[name] = inOrder(list, order, key);
}

function inOrder(list: unknown[], order: unknown, key: string): unknown[] {
  if (!Array.isArray(order)) return list;
  const wanted = order.map((item) => (isFields(item) ? item[key] : item));
  const rank = (item: unknown) => {
    const index = wanted.indexOf(isFields(item) ? item[key] : item);
    return index < 0 ? wanted.length : index;
  };
  return [...list].sort((left, right) => rank(left) - rank(right));
}
