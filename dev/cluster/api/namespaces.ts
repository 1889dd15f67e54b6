// The life of namespaces: what is in every new one, and the emptying of one that is being deleted.
// Stands where the namespace, service account and root certificate controllers of a real cluster do.
import type { ObjectDeleter } from './deleter.ts';
import type { Change, ObjectStore } from './object-store.ts';
import { copy, type Fields, type KubeObject } from './objects.ts';
import type { ResourceRegistry } from './registry.ts';
import type { ObjectWriter } from './writer.ts';

const CONTROLLER = { manager: 'kube-controller-manager', isDryRun: false };

export interface NamespaceParts {
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  readonly writer: ObjectWriter;
  readonly deleter: ObjectDeleter;
  readonly certificate: string;
}

export class Namespaces {
  readonly #parts: NamespaceParts;

  constructor(parts: NamespaceParts) {
    this.#parts = parts;
  }

  create(name: string): void {
    const { registry, writer } = this.#parts;
    const resource = registry.find('', 'v1', 'namespaces')!;
    writer.create(
      resource,
      undefined,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      { manager: 'kube-apiserver', isDryRun: false },
    );
  }

  /** To be called with every change of every object. */
  changed(collection: string, change: Change): void {
    const { object } = change;
    if (collection !== 'namespaces') {
      const namespace = object.metadata.namespace;
      if (change.type === 'DELETED' && namespace !== undefined) this.#lookAgain(namespace);
      return;
    }
    if (change.type === 'ADDED') this.#furnish(object.metadata.name!);
    else if (change.type === 'MODIFIED' && object.metadata.deletionTimestamp !== undefined)
      this.#lookAgain(object.metadata.name!);
  }

  #furnish(namespace: string): void {
    const { registry, writer, certificate } = this.#parts;
    const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
    const root: KubeObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-root-ca.crt' },
      data: { 'ca.crt': certificate },
    };
    writer.create(registry.find('', 'v1', 'serviceaccounts')!, namespace, account, CONTROLLER);
    writer.create(registry.find('', 'v1', 'configmaps')!, namespace, root, CONTROLLER);
  }

  #lookAgain(name: string): void {
    const namespace = this.#parts.store.get('namespaces', name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    setImmediate(() => this.#empty(name));
  }

  #empty(name: string): void {
    const { store, registry, deleter } = this.#parts;
    const live = store.get('namespaces', name);
    if (live?.metadata.deletionTimestamp === undefined) return;
    let left = 0;
    for (const collection of store.collectionNames()) {
      const resource = registry.ofCollection(collection);
      if (resource === undefined || !resource.namespaced) continue;
      for (const { object } of store.list(collection, name)) {
        if (object.metadata.deletionTimestamp === undefined)
          deleter.delete(resource, object, { propagationPolicy: 'Background', isDryRun: false });
      }
      left += store.list(collection, name).length;
    }
    if (left === 0) this.#release(live);
  }

  #release(live: KubeObject): void {
    const { store } = this.#parts;
    const name = live.metadata.name!;
    const next = copy(live);
    (next.spec as Fields).finalizers = [];
    if ((next.metadata.finalizers ?? []).length === 0) store.delete('namespaces', name);
    else if (((live.spec as Fields).finalizers as unknown[]).length > 0) store.put('namespaces', name, next);
  }
}
