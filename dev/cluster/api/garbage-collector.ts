// Owner garbage collection: dependents of a deleted owner go (background), foreground deletion waits for blocking dependents,
// orphaning takes the owner references away. Works from changes, a moment after the request that caused them, as the real one.
import type { ObjectDeleter } from './deleter.ts';
import { type Change, type ObjectStore, objectKey } from './object-store.ts';
import { copy, type KubeObject, type OwnerReference } from './objects.ts';
import type { ResourceRegistry } from './registry.ts';

interface Place {
  readonly collection: string;
  readonly key: string;
}

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

export class GarbageCollector {
  readonly #store: ObjectStore;
  readonly #registry: ResourceRegistry;
  readonly #deleter: ObjectDeleter;
  /** Owner uid -> places of its dependents. */
  readonly #dependents = new Map<string, Map<string, Place>>();
  readonly #uids = new Set<string>();
  readonly #pending = new Map<string, Place>();
  #isScheduled = false;

  constructor(store: ObjectStore, registry: ResourceRegistry, deleter: ObjectDeleter) {
    this.#store = store;
    this.#registry = registry;
    this.#deleter = deleter;
  }

  /** To be called with every change of every object. */
  changed(collection: string, change: Change): void {
    const { object, previous } = change;
    const uid = object.metadata.uid;
    if (uid === undefined) return;
    const place = { collection, key: objectKey(object.metadata.namespace, object.metadata.name!) };
    for (const owner of previous?.metadata.ownerReferences ?? []) this.#dependents.get(owner.uid)?.delete(uid);
    if (change.type === 'DELETED') {
      this.#uids.delete(uid);
      for (const dependent of this.#dependents.get(uid)?.values() ?? []) this.#look(dependent);
      this.#dependents.delete(uid);
      for (const owner of previous?.metadata.ownerReferences ?? []) this.#lookAtOwner(owner, object);
      return;
    }
    this.#uids.add(uid);
    for (const owner of object.metadata.ownerReferences ?? []) {
      if (!this.#dependents.has(owner.uid)) this.#dependents.set(owner.uid, new Map());
      this.#dependents.get(owner.uid)!.set(uid, place);
    }
    const hasOwners = (object.metadata.ownerReferences ?? []).length > 0;
    const isHeld = (object.metadata.finalizers ?? []).some((one) => one === FOREGROUND || one === ORPHAN);
    if (hasOwners || (isHeld && object.metadata.deletionTimestamp !== undefined)) this.#look(place);
  }

  #lookAtOwner(owner: OwnerReference, dependent: KubeObject): void {
    const resource = this.#registry.ofKind(owner.apiVersion, owner.kind);
    if (resource === undefined) return;
    this.#look({
      collection: resource.collection,
      key: objectKey(resource.namespaced ? dependent.metadata.namespace : undefined, owner.name),
    });
  }

  #look(place: Place): void {
    this.#pending.set(`${place.collection} ${place.key}`, place);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const places = [...this.#pending.values()];
      this.#pending.clear();
      for (const one of places) this.#collect(one);
    });
  }

  #collect({ collection, key }: Place): void {
    if (!this.#store.collectionNames().includes(collection)) return;
    const object = this.#store.get(collection, key);
    const resource = this.#registry.ofCollection(collection);
    if (object === undefined || resource === undefined) return;
    if (object.metadata.deletionTimestamp !== undefined) this.#finishDeletion(collection, key, object);
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length === 0 || object.metadata.deletionTimestamp !== undefined) return;
    const living = owners.filter((owner) => this.#uids.has(owner.uid));
    const waiting = living.filter((owner) => this.#isForeground(owner, object));
    if (living.length === waiting.length) {
      const propagationPolicy =
        waiting.length > 0 && this.#dependents.get(object.metadata.uid!)?.size ? 'Foreground' : 'Background';
      this.#deleter.delete(resource, object, { propagationPolicy, isDryRun: false });
    } else if (living.length < owners.length) {
      const next = copy(object);
      next.metadata.ownerReferences = living;
      this.#store.put(collection, key, next);
    }
  }

  #isForeground(owner: OwnerReference, dependent: KubeObject): boolean {
    const resource = this.#registry.ofKind(owner.apiVersion, owner.kind);
    if (resource === undefined) return false;
    const found = this.#store.get(
      resource.collection,
      objectKey(resource.namespaced ? dependent.metadata.namespace : undefined, owner.name),
    );
    return found?.metadata.deletionTimestamp !== undefined && (found.metadata.finalizers ?? []).includes(FOREGROUND);
  }

  #finishDeletion(collection: string, key: string, owner: KubeObject): void {
    const finalizers = owner.metadata.finalizers ?? [];
    const dependents = [...(this.#dependents.get(owner.metadata.uid!)?.values() ?? [])];
    if (finalizers.includes(ORPHAN)) {
      for (const dependent of dependents) this.#disown(dependent, owner.metadata.uid!);
      this.#release(collection, key, ORPHAN);
    } else if (finalizers.includes(FOREGROUND)) {
      const blocking = dependents.filter((dependent) => this.#blocks(dependent, owner.metadata.uid!));
      for (const dependent of dependents) this.#look(dependent);
      if (blocking.length === 0) this.#release(collection, key, FOREGROUND);
    }
  }

  #blocks({ collection, key }: Place, ownerUid: string): boolean {
    const owners = this.#store.get(collection, key)?.metadata.ownerReferences ?? [];
    return owners.some((owner) => owner.uid === ownerUid && owner.blockOwnerDeletion === true);
  }

  #disown({ collection, key }: Place, ownerUid: string): void {
    const object = this.#store.get(collection, key);
    if (object === undefined) return;
    const next = copy(object);
    const left = (next.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== ownerUid);
    if (left.length === 0) delete next.metadata.ownerReferences;
    else next.metadata.ownerReferences = left;
    this.#store.put(collection, key, next);
  }

  #release(collection: string, key: string, finalizer: string): void {
    const object = this.#store.get(collection, key);
    if (object === undefined) return;
    const next = copy(object);
    next.metadata.finalizers = (next.metadata.finalizers ?? []).filter((one) => one !== finalizer);
    if (next.metadata.finalizers.length > 0) {
      this.#store.put(collection, key, next);
      return;
    }
    delete next.metadata.finalizers;
    const grace = next.metadata.deletionGracePeriodSeconds ?? 0;
    if (grace > 0) this.#store.put(collection, key, next);
    else this.#store.delete(collection, key);
  }
}
