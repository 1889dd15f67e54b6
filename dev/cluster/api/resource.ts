// One served resource: what discovery says of it, its schema, and the rules of its kind. Built-in kinds and custom resources
// are the same to every verb; they differ only in what stands in this record.
import type { Fields, KubeObject } from './objects.ts';
import type { Schema } from './schema.ts';
import type { FieldError } from './status-error.ts';

export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  /** The cell of one object; a `date` column answers the age already in words. */
  readonly cell: (object: KubeObject, nowMs: number) => unknown;
}

export interface SelectableField {
  readonly path: string;
  readonly read: (object: KubeObject) => string;
}

/** What a kind does beyond its schema. Functions change the object they are given: it is the writer's own copy. */
export interface KindRules {
  /** Fields that the real server fills; runs before every validation. */
  readonly defaults?: (object: KubeObject) => void;
  /** Admission and allocation on create: cluster addresses, service-account volumes. May throw a StatusError. */
  readonly admit?: (object: KubeObject, dryRun: boolean) => void;
  /** Carries over what a client may not change, e.g. a service's address. */
  readonly prepareUpdate?: (object: KubeObject, old: KubeObject) => void;
  readonly validate?: (object: KubeObject, old: KubeObject | undefined) => FieldError[];
  /** Struct fields that the typed server always writes, so that their parents are never "created" by a manager. */
  readonly skeleton?: Fields;
  readonly columns?: readonly Column[];
  /** Events are printed without their name. */
  readonly hidesName?: boolean;
  readonly selectableFields?: readonly SelectableField[];
  /** How the kind's names are checked; DNS subdomain unless said otherwise. */
  readonly nameRule?: 'subdomain' | 'label' | 'service' | 'path';
  readonly hasGeneration?: boolean;
  /** A PUT without resourceVersion is refused. */
  readonly requiresResourceVersion?: boolean;
}

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly schema: Schema;
  readonly hasStatus: boolean;
  readonly scale: ScalePaths | undefined;
  /** Subresources besides status and scale, e.g. a pod's binding and log, with the kind they speak. */
  readonly actions: readonly SubresourceAction[];
  readonly isCustom: boolean;
  readonly rules: KindRules;
  /** Where its objects are stored: two versions or groups of one kind share a collection. */
  readonly collection: string;
  readonly conversion: Conversion | undefined;
}

export interface SubresourceAction {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

export interface Conversion {
  readonly toStorage: (object: KubeObject) => KubeObject;
  readonly fromStorage: (object: KubeObject) => KubeObject;
}

export const ALL_VERBS: readonly string[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

export function groupVersion(resource: { readonly group: string; readonly version: string }): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
