// Deletion: preconditions, grace of pods, finalizers, propagation. What hangs on a deleted object is the garbage collector's work.

import { type ObjectStore, objectKey } from './object-store.ts';
import { copy, type Fields, isFields, type KubeObject, nowTimestamp } from './objects.ts';
import type { Resource } from './resource.ts';
import { conflict, type FieldError, invalid, wrong } from './status-error.ts';

export interface DeleteOptions {
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly isDryRun: boolean;
}

export type Deletion =
  | { readonly outcome: 'gone'; readonly object: KubeObject }
  | { readonly outcome: 'pending'; readonly object: KubeObject };

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

export function deleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const fields: Fields = isFields(body) ? body : {};
  const grace = query.get('gracePeriodSeconds') ?? fields.gracePeriodSeconds;
  const policy = query.get('propagationPolicy') ?? fields.propagationPolicy;
  const orphan = query.get('orphanDependents') ?? fields.orphanDependents;
  const dryRun = [...query.getAll('dryRun'), ...(Array.isArray(fields.dryRun) ? fields.dryRun : [])];
  const options: DeleteOptions = {
    ...(typeof policy === 'string' ? { propagationPolicy: policy } : {}),
    ...(orphan === undefined || orphan === null ? {} : { orphanDependents: String(orphan) === 'true' }),
    ...(grace === undefined || grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(isFields(fields.preconditions) ? { preconditions: fields.preconditions } : {}),
    isDryRun: dryRun.includes('All'),
  };
  const errors = faultsOf(options);
  if (errors.length > 0) throw invalid('meta.k8s.io', 'DeleteOptions', '', errors);
  return options;
}

function faultsOf({ propagationPolicy, orphanDependents }: DeleteOptions): FieldError[] {
  if (propagationPolicy === undefined) return [];
  if (orphanDependents !== undefined) {
    return [
      wrong('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'),
    ];
  }
  if (/^(Foreground|Background|Orphan)$/.test(propagationPolicy)) return [];
  return [
    {
      reason: 'FieldValueNotSupported',
      field: 'propagationPolicy',
      message: `Unsupported value: ${JSON.stringify(propagationPolicy)}: supported values: "Foreground", "Background", "Orphan", ""`,
    },
  ];
}

export class ObjectDeleter {
  readonly #store: ObjectStore;
  readonly #nowMs: () => number;

  constructor(store: ObjectStore, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  delete(resource: Resource, live: KubeObject, options: DeleteOptions): Deletion {
    this.#checkPreconditions(resource, live, options);
    const finalizers = this.#finalizers(live, options);
    const graceSeconds = graceOf(resource, live, options);
    const mustWait = finalizers.length > 0 || graceSeconds > 0 || isHeldNamespace(resource, live);
    const key = objectKey(live.metadata.namespace, live.metadata.name!);
    if (!mustWait) {
      if (!options.isDryRun) this.#store.delete(resource.collection, key);
      return { outcome: 'gone', object: live };
    }
    const next = this.#marked(live, finalizers, graceSeconds);
    if (resource.collection === 'namespaces')
      next.status = { ...(next.status as Fields | undefined), phase: 'Terminating' };
    const isUnchanged = live.metadata.deletionTimestamp !== undefined && next === live;
    if (options.isDryRun || isUnchanged) return { outcome: 'pending', object: next };
    return { outcome: 'pending', object: this.#store.put(resource.collection, key, next) };
  }

  #checkPreconditions(resource: Resource, live: KubeObject, { preconditions }: DeleteOptions): void {
    const name = live.metadata.name!;
    const shown = { group: resource.group, plural: resource.kind };
    if (preconditions?.uid !== undefined && preconditions.uid !== live.metadata.uid) {
      const why = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${live.metadata.uid}). The object might have been deleted and then recreated`;
      throw conflict(shown, name, why);
    }
    const version = preconditions?.resourceVersion;
    if (version === undefined || version === live.metadata.resourceVersion) return;
    const why = `the ResourceVersion in the precondition (${version}) does not match the ResourceVersion in record (${live.metadata.resourceVersion}). The object might have been modified`;
    throw conflict(shown, name, why);
  }

  #finalizers(live: KubeObject, options: DeleteOptions): string[] {
    const own = (live.metadata.finalizers ?? []).filter((one) => one !== FOREGROUND && one !== ORPHAN);
    const isOrphaning = options.propagationPolicy === 'Orphan' || options.orphanDependents === true;
    if (isOrphaning) return [...own, ORPHAN];
    if (options.propagationPolicy === 'Foreground') return [...own, FOREGROUND];
    if (options.propagationPolicy === 'Background' || options.orphanDependents === false) return own;
    return live.metadata.finalizers ?? [];
  }

  #marked(live: KubeObject, finalizers: string[], graceSeconds: number): KubeObject {
    const { deletionTimestamp, deletionGracePeriodSeconds } = live.metadata;
    const isShorter = graceSeconds < (deletionGracePeriodSeconds ?? 0);
    const hasNewFinalizers = finalizers.length !== (live.metadata.finalizers ?? []).length;
    if (deletionTimestamp !== undefined && !isShorter && !hasNewFinalizers) return live;
    const next = copy(live);
    if (finalizers.length > 0) next.metadata.finalizers = finalizers;
    else delete next.metadata.finalizers;
    if (deletionTimestamp === undefined || isShorter) {
      next.metadata.deletionTimestamp = nowTimestamp(this.#nowMs() + graceSeconds * 1000);
      next.metadata.deletionGracePeriodSeconds = graceSeconds;
    }
    if (deletionTimestamp === undefined && next.metadata.generation !== undefined) next.metadata.generation += 1;
    return next;
  }
}

/** Only pods are given time to stop, and only those that a node runs: nobody else would end the wait. */
function graceOf(resource: Resource, live: KubeObject, options: DeleteOptions): number {
  if (resource.collection !== 'pods') return 0;
  const spec = live.spec as Fields | undefined;
  const phase = (live.status as Fields | undefined)?.phase;
  if (typeof spec?.nodeName !== 'string' || spec.nodeName === '' || phase === 'Failed' || phase === 'Succeeded')
    return 0;
  const wished = options.gracePeriodSeconds ?? (spec.terminationGracePeriodSeconds as number | undefined) ?? 30;
  return wished < 0 ? 1 : wished;
}

function isHeldNamespace(resource: Resource, live: KubeObject): boolean {
  const held = (live.spec as Fields | undefined)?.finalizers;
  return resource.collection === 'namespaces' && Array.isArray(held) && held.length > 0;
}
