// The life of custom resource definitions: established shortly after they are created, served while they exist, and on deletion
// their instances go first. Stands where the apiextensions controllers of a real server do.
import { establishedStatus, resourcesOf } from './custom-resources.ts';
import type { ObjectDeleter } from './deleter.ts';
import { ownedView, ownersAfterUpdate, ownersOf, writeOwners } from './managed-fields.ts';
import type { Change, ObjectStore } from './object-store.ts';
import { copy, type KubeObject, nowTimestamp } from './objects.ts';
import type { ResourceRegistry } from './registry.ts';
import type { Resource } from './resource.ts';
import type { Schema } from './schema.ts';

export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

export interface DefinitionParts {
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  readonly deleter: ObjectDeleter;
  readonly metadataSchema: Schema;
  readonly nowMs: () => number;
}

export class Definitions {
  readonly #parts: DefinitionParts;
  readonly #served = new Map<string, Resource[]>();

  constructor(parts: DefinitionParts) {
    this.#parts = parts;
  }

  /** To be called with every change of a definition. */
  changed(change: Change): void {
    const { object } = change;
    if (change.type === 'DELETED') this.#withdraw(object);
    else if (object.metadata.deletionTimestamp !== undefined) this.#finish(object);
    else if (change.type === 'ADDED') setImmediate(() => this.#establish(object.metadata.name!));
    else this.#serve(object);
  }

  #establish(name: string): void {
    const { store, nowMs } = this.#parts;
    const live = store.get(DEFINITIONS, name);
    if (live === undefined || live.metadata.deletionTimestamp !== undefined) return;
    const next = copy(live);
    next.status = establishedStatus(live, nowMs());
    this.#own(live, next);
    this.#serve(next);
    store.put(DEFINITIONS, name, next);
  }

  #own(live: KubeObject, next: KubeObject): void {
    const resource = this.#parts.registry.ofCollection(DEFINITIONS)!;
    const writer = {
      manager: 'kube-apiserver',
      operation: 'Update',
      apiVersion: 'apiextensions.k8s.io/v1',
      subresource: 'status',
    } as const;
    const before = ownedView(live, ['spec']);
    const time = nowTimestamp(this.#parts.nowMs());
    writeOwners(
      next,
      ownersAfterUpdate(before, ownedView(next, ['spec']), resource.schema, ownersOf(live), writer, time),
    );
  }

  #serve(definition: KubeObject): void {
    const { registry, store, metadataSchema } = this.#parts;
    const name = definition.metadata.name!;
    for (const resource of this.#served.get(name) ?? []) registry.remove(resource);
    const resources = resourcesOf(definition, metadataSchema);
    store.ensureCollection(name);
    for (const resource of resources) registry.add(resource);
    this.#served.set(name, resources);
  }

  /** Instances are deleted first; the definition goes when the last one, finalizers and all, has gone. */
  #finish(definition: KubeObject): void {
    const { store, deleter } = this.#parts;
    const name = definition.metadata.name!;
    const resource = this.#served.get(name)?.[0];
    const instances = resource === undefined ? [] : store.list(name);
    for (const { object } of instances) {
      if (object.metadata.deletionTimestamp === undefined) deleter.delete(resource!, object, { isDryRun: false });
    }
    if (resource !== undefined && store.count(name) > 0) return;
    this.#release(name);
  }

  /** To be called when an instance of a definition is gone. */
  instanceGone(collection: string): void {
    const definition = this.#served.has(collection) ? this.#parts.store.get(DEFINITIONS, collection) : undefined;
    if (definition?.metadata.deletionTimestamp === undefined || this.#parts.store.count(collection) > 0) return;
    this.#release(collection);
  }

  #release(name: string): void {
    const { store } = this.#parts;
    const live = store.get(DEFINITIONS, name);
    if (live === undefined) return;
    const left = (live.metadata.finalizers ?? []).filter((one) => one !== CLEANUP);
    if (left.length === 0) {
      setImmediate(() => store.delete(DEFINITIONS, name));
      return;
    }
    if (left.length === live.metadata.finalizers?.length) return;
    const next = copy(live);
    next.metadata.finalizers = left;
    store.put(DEFINITIONS, name, next);
  }

  #withdraw(definition: KubeObject): void {
    const name = definition.metadata.name!;
    for (const resource of this.#served.get(name) ?? []) this.#parts.registry.remove(resource);
    this.#served.delete(name);
    this.#parts.store.dropCollection(name);
  }
}
