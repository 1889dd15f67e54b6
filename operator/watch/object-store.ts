// What a watch has seen, by name and by the InferenceDeployment it belongs to. It holds; it does not fetch.
import type { KubernetesObject } from '../api/kubernetes.ts';
import { type Key, keyOf } from '../api/names.ts';
import { deploymentKey } from './enqueue.ts';

export class ObjectStore<T extends KubernetesObject = KubernetesObject> {
  readonly #byKey = new Map<Key, T>();
  readonly #byDeployment = new Map<Key, Map<Key, T>>();

  get(key: Key): T | undefined {
    return this.#byKey.get(key);
  }
  all(): Iterable<T> {
    return this.#byKey.values();
  }
  get size(): number {
    return this.#byKey.size;
  }
  /** All that belong to one InferenceDeployment. */
  of(deployment: Key): readonly T[] {
    return [...(this.#byDeployment.get(deployment)?.values() ?? [])];
  }

  /** False if nothing is new: what a write has answered already is not undone by an older watch event. */
  put(object: T): boolean {
    const before = this.#byKey.get(keyOf(object));
    if (before !== undefined && versionOf(before) >= versionOf(object)) return false;
    this.#set(object, before);
    return true;
  }

  #set(object: T, before: T | undefined): void {
    const key = keyOf(object);
    if (before !== undefined) this.#unindex(before);
    const kept = withoutManagedFields(object);
    this.#byKey.set(key, kept);
    const owner = deploymentKey(kept);
    if (owner !== undefined) {
      const siblings = this.#byDeployment.get(owner) ?? new Map<Key, T>();
      siblings.set(key, kept);
      this.#byDeployment.set(owner, siblings);
    }
  }

  remove(key: Key): T | undefined {
    const before = this.#byKey.get(key);
    if (before === undefined) return undefined;
    this.#byKey.delete(key);
    this.#unindex(before);
    return before;
  }

  /** Takes a whole list (of one namespace, or of all); gives what was added, changed or removed by it. */
  replace(objects: readonly T[], namespace?: string): readonly T[] {
    const listed = new Set(objects.map(keyOf));
    const isCovered = (key: Key) => namespace === undefined || key.startsWith(`${namespace}/`);
    const gone = [...this.#byKey.keys()]
      .filter((key) => isCovered(key) && !listed.has(key))
      .map((key) => this.remove(key)!);
    const changed = objects.filter((object) => {
      const before = this.#byKey.get(keyOf(object));
      const isNew = before?.metadata.resourceVersion !== object.metadata.resourceVersion;
      // A list is the truth even if its versions are older: etcd may have been restored.
      if (isNew) this.#set(object, before);
      return isNew;
    });
    return [...gone, ...changed];
  }

  #unindex(object: T): void {
    const owner = deploymentKey(object);
    if (owner === undefined) return;
    const siblings = this.#byDeployment.get(owner);
    siblings?.delete(keyOf(object));
    if (siblings?.size === 0) this.#byDeployment.delete(owner);
  }
}

/** Half of an object's size, and nobody here reads them. */
function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown };
  return { ...object, metadata };
}

/** Versions of one resource can be compared as numbers (Kubernetes 1.35 says so, and it was never otherwise). */
function versionOf(object: KubernetesObject): bigint {
  const version = object.metadata.resourceVersion ?? '';
  return /^\d+$/.test(version) ? BigInt(version) : -1n;
}
