// The Table that `kubectl get` prints: columns of the kind, one row an object, with only the object's metadata beside the cells.
import { age } from './age.ts';
import { presented } from './lister.ts';
import type { KubeObject } from './objects.ts';
import type { Column, Resource } from './resource.ts';

const NAME_DESCRIPTION =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';

const NAME_COLUMN = { name: 'Name', type: 'string', format: 'name', description: NAME_DESCRIPTION, priority: 0 };

export const AGE_COLUMN: Column = {
  name: 'Age',
  type: 'string',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
  cell: (object, nowMs) => age(object.metadata.creationTimestamp, nowMs),
};

/** Whether the Accept header asks for a Table, which is the first thing kubectl get does. */
export function wantsTable(accept: string): boolean {
  return accept
    .split(',')
    .some((one) => /;\s*as=Table(;|$)/.test(one) && /g=meta\.k8s\.io/.test(one) && one.includes('application/json'));
}

export function wantsMetadataOnly(accept: string): 'object' | 'list' | undefined {
  const first = accept.split(',')[0] ?? '';
  if (/as=PartialObjectMetadataList(;|$)/.test(first)) return 'list';
  return /as=PartialObjectMetadata(;|$)/.test(first) ? 'object' : undefined;
}

export function partialMetadata(object: KubeObject): unknown {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

export interface TableOptions {
  readonly metadata: Record<string, unknown>;
  readonly includeObject: string;
  readonly nowMs: number;
  /** Watch events after the first leave the columns out. */
  readonly withColumns: boolean;
}

export function tableOf(resource: Resource, objects: readonly KubeObject[], options: TableOptions): unknown {
  const columns = resource.rules.columns ?? [AGE_COLUMN];
  const definitions = [
    ...(resource.rules.hidesName === true ? [] : [NAME_COLUMN]),
    ...columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format: format ?? '',
      description: description ?? '',
      priority: priority ?? 0,
    })),
  ];
  const rows = objects.map((stored) => {
    const object = presented(resource, stored);
    const name = resource.rules.hidesName === true ? [] : [object.metadata.name];
    const cells = [...name, ...columns.map((column) => column.cell(stored, options.nowMs))];
    if (options.includeObject === 'None') return { cells };
    return { cells, object: options.includeObject === 'Object' ? object : partialMetadata(object) };
  });
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions: options.withColumns ? definitions : null,
    rows,
  };
}
