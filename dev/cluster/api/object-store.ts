// What etcd and the watch cache are to a real API server: every object, one revision counter, and for each collection the recent
// changes from which watches are served. Knows nothing of kinds, HTTP or rules. Synchronous, so each write is atomic.
import { copy, type KubeObject } from './objects.ts';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: KubeObject;
  /** The object before the change, from which selectors see an object leave their selection. */
  readonly previous: KubeObject | undefined;
}

export type Listener = (change: Change) => void;

class Collection {
  readonly objects = new Map<string, KubeObject>();
  readonly listeners = new Set<Listener>();
  changes: Change[] = [];
  /** Watches may start from this revision on; older ones are answered 410. */
  oldestRevision: number;

  constructor(revision: number) {
    this.oldestRevision = revision;
  }
}

export function objectKey(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

export class ObjectStore {
  readonly #collections = new Map<string, Collection>();
  readonly #historyLength: number;
  readonly #everyChange = new Set<(collection: string, change: Change) => void>();
  #revision: number;

  constructor(historyLength: number, firstRevision = 100) {
    this.#historyLength = historyLength;
    this.#revision = firstRevision;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Uses up a revision without a change, as a real cluster does all the time for others. */
  advance(): number {
    this.#revision += 1;
    return this.#revision;
  }

  collectionNames(): string[] {
    return [...this.#collections.keys()];
  }

  ensureCollection(name: string): void {
    if (!this.#collections.has(name)) this.#collections.set(name, new Collection(this.#revision));
  }

  dropCollection(name: string): void {
    this.#collections.delete(name);
  }

  oldestRevision(collection: string): number {
    return this.#of(collection).oldestRevision;
  }

  get(collection: string, key: string): KubeObject | undefined {
    return this.#of(collection).objects.get(key);
  }

  /** Objects in the order of their keys, which is the order in which a real server lists and continues. */
  list(collection: string, namespace?: string): { key: string; object: KubeObject }[] {
    const prefix = namespace === undefined ? '' : `${namespace}/`;
    const result: { key: string; object: KubeObject }[] = [];
    for (const [key, object] of this.#of(collection).objects) {
      if (key.startsWith(prefix)) result.push({ key, object });
    }
    return result.sort((left, right) => (left.key < right.key ? -1 : 1));
  }

  count(collection: string): number {
    return this.#of(collection).objects.size;
  }

  /** Stores the object under a new revision and tells the watchers. */
  put(collection: string, key: string, object: KubeObject): KubeObject {
    const home = this.#of(collection);
    const previous = home.objects.get(key);
    const revision = this.advance();
    object.metadata.resourceVersion = String(revision);
    home.objects.set(key, object);
    this.#tell(collection, home, { type: previous === undefined ? 'ADDED' : 'MODIFIED', revision, object, previous });
    return object;
  }

  /** Removes the object; what watchers get is its last state under the revision of the removal. */
  delete(collection: string, key: string): void {
    const home = this.#of(collection);
    const previous = home.objects.get(key);
    if (previous === undefined) return;
    const revision = this.advance();
    const object = copy(previous);
    object.metadata.resourceVersion = String(revision);
    home.objects.delete(key);
    this.#tell(collection, home, { type: 'DELETED', revision, object, previous });
  }

  /** Changes after `revision` that are still known. */
  changesSince(collection: string, revision: number): Change[] {
    return this.#of(collection).changes.filter((change) => change.revision > revision);
  }

  /** Forgets the history up to now, so that a watch from an older revision is answered 410. */
  compact(): void {
    for (const home of this.#collections.values()) {
      home.changes = [];
      home.oldestRevision = this.#revision;
    }
  }

  subscribe(collection: string, listener: Listener): () => void {
    const home = this.#of(collection);
    home.listeners.add(listener);
    return () => home.listeners.delete(listener);
  }

  /** For the server's own housekeeping (garbage collector, custom resource definitions): every change, after the watchers. */
  subscribeToAll(listener: (collection: string, change: Change) => void): () => void {
    this.#everyChange.add(listener);
    return () => this.#everyChange.delete(listener);
  }

  #of(name: string): Collection {
    const found = this.#collections.get(name);
    if (found === undefined) throw new Error(`no collection ${name}`);
    return found;
  }

  #tell(name: string, home: Collection, change: Change): void {
    home.changes.push(change);
    if (home.changes.length > this.#historyLength * 2) {
      const dropped = home.changes.splice(0, home.changes.length - this.#historyLength);
      home.oldestRevision = dropped.at(-1)!.revision;
    }
    for (const listener of [...home.listeners]) listener(change);
    for (const listener of [...this.#everyChange]) listener(name, change);
  }
}
