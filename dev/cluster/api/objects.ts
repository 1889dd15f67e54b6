// Plain Kubernetes objects as the server keeps them, and the few operations on JSON that every room here needs.
// Stored objects are never changed in place: a write makes a copy first.
import { isDeepStrictEqual } from 'node:util';

export type Fields = Record<string, unknown>;

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: Fields;
  subresource?: string;
}

export interface ObjectMeta extends Fields {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
}

export interface KubeObject extends Fields {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsAt(value: unknown, ...path: string[]): Fields | undefined {
  const found = valueAt(value, ...path);
  return isFields(found) ? found : undefined;
}

export function valueAt(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const key of path) {
    if (!isFields(here)) return undefined;
    here = here[key];
  }
  return here;
}

export function listAt(value: unknown, ...path: string[]): Fields[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found.filter(isFields) : [];
}

/** Makes the objects on the way as needed and answers the innermost one. */
export function ensureFields(value: Fields, ...path: string[]): Fields {
  let here = value;
  for (const key of path) {
    if (!isFields(here[key])) here[key] = {};
    here = here[key] as Fields;
  }
  return here;
}

export function setDefault(fields: Fields, key: string, value: unknown): void {
  if (fields[key] === undefined || fields[key] === null) fields[key] = value;
}

/** A deep copy of JSON; several times faster than structuredClone, which matters with a thousand objects. */
export function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (typeof value !== 'object' || value === null) return value;
  const result: Fields = {};
  for (const key of Object.keys(value)) {
    const inner = (value as Fields)[key];
    if (inner !== undefined) result[key] = copy(inner);
  }
  return result as T;
}

/** Equality of JSON where the order of keys says nothing. */
export function same(left: unknown, right: unknown): boolean {
  return left === right || isDeepStrictEqual(left, right);
}

export function nowTimestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}
