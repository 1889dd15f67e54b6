// A supervised list+watch: keeps a copy of one kind of object and tells its listeners what changed. It never gives up: a broken
// watch, a 410 or an API server that is away means list again, with backoff. Writers hand it what the server answered (`observe`),
// so that a controller never acts twice on its own stale copy.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterClient, Query, Resource } from './client.ts';
import type { KubeObject } from './objects.ts';

export type Listener<T> = (now: T | undefined, before: T | undefined) => void;

export class WatchCache<T extends KubeObject> {
  readonly #client: ClusterClient;
  readonly #resource: Resource<T>;
  readonly #query: Query;
  readonly #objects = new Map<string, T>();
  readonly #goneUids = new Set<string>();
  readonly #listeners: Listener<T>[] = [];

  constructor(client: ClusterClient, resource: Resource<T>, query: Query = {}) {
    this.#client = client;
    this.#resource = resource;
    this.#query = query;
  }

  onChange(listener: Listener<T>): void {
    this.#listeners.push(listener);
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  /** Resolves once the first list is in; goes on watching until the signal fires. Failures are told and tried again. */
  start(signal: AbortSignal, onError: (resource: string, error: unknown) => void = () => {}): Promise<void> {
    return new Promise((resolve) => {
      const told = (error: unknown): void => onError(this.#resource.plural, error);
      void this.#supervise(signal, resolve, told);
    });
  }

  /** Takes an object that a write returned, unless the watch has already told something newer. */
  observe(object: T): void {
    if (this.#goneUids.has(object.metadata.uid)) return;
    const known = this.#objects.get(keyOf(object));
    if (known && isNewer(known, object)) return;
    this.#set(object);
  }

  /** Takes away an object that a write has deleted at once. */
  forget(object: T): void {
    this.#remove(object);
  }

  async #supervise(signal: AbortSignal, synced: () => void, onError: (error: unknown) => void): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        let resourceVersion = await this.#relist(signal);
        synced();
        failures = 0;
        while (!signal.aborted && resourceVersion) resourceVersion = await this.#watchFrom(resourceVersion, signal);
      } catch (error) {
        if (signal.aborted) return;
        onError(error);
        failures += 1;
        await sleep(Math.min(50 * 2 ** failures, 2_000), undefined, { signal }).catch(() => {});
      }
    }
  }

  async #relist(signal: AbortSignal): Promise<string> {
    const { items, resourceVersion } = await this.#client.list(this.#resource, {}, this.#query);
    if (signal.aborted) return '';
    const seen = new Set(items.map(keyOf));
    for (const [key, known] of [...this.#objects]) if (!seen.has(key)) this.#remove(known);
    for (const item of items) {
      const known = this.#objects.get(keyOf(item));
      if (known?.metadata.resourceVersion !== item.metadata.resourceVersion) this.#set(item);
    }
    return resourceVersion;
  }

  /** Follows one watch to its orderly end; answers where to go on, or '' when a fresh list is needed. */
  async #watchFrom(resourceVersion: string, signal: AbortSignal): Promise<string> {
    let last = resourceVersion;
    const query = { ...this.#query, resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 300 };
    for await (const event of this.#client.watch(this.#resource, {}, query, signal)) {
      if (event.type === 'ERROR') return '';
      last = event.object.metadata.resourceVersion;
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') this.#remove(event.object);
      else this.observe(event.object);
    }
    return last;
  }

  #set(object: T): void {
    const before = this.#objects.get(keyOf(object));
    if (before && before.metadata.uid !== object.metadata.uid) this.#remove(before);
    this.#objects.set(keyOf(object), object);
    this.#tell(object, before?.metadata.uid === object.metadata.uid ? before : undefined);
  }

  #remove(object: T): void {
    this.#goneUids.add(object.metadata.uid);
    if (this.#goneUids.size > 2_000) this.#goneUids.delete(this.#goneUids.values().next().value ?? '');
    const before = this.#objects.get(keyOf(object));
    if (before?.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(keyOf(object));
    this.#tell(undefined, object);
  }

  #tell(now: T | undefined, before: T | undefined): void {
    for (const listener of this.#listeners) listener(now, before);
  }
}

export const keyOf = (object: KubeObject): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : object.metadata.name;

export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const [namespace, name] = key.split('/');
  return { namespace: namespace ?? '', name: name ?? '' };
}

function isNewer(known: KubeObject, candidate: KubeObject): boolean {
  return (
    known.metadata.uid === candidate.metadata.uid &&
    BigInt(known.metadata.resourceVersion) >= BigInt(candidate.metadata.resourceVersion)
  );
}
