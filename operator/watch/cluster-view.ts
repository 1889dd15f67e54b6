// The operator's picture of the cluster: a watch for each kind that matters, and questions about one InferenceDeployment.
// Only reads. What it shows may be late, never invented; whatever is written goes through cluster/.
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { InferenceDeployment } from '../api/inference-deployment.ts';
import type { Deployment, KubernetesObject, Pod, ReplicaSet } from '../api/kubernetes.ts';
import { childNames, type Key, managedSelector, splitKey } from '../api/names.ts';
import { type ChildResource, childResources, type ResourceName, resourceOfKind, resources } from '../api/resources.ts';
import type { KubernetesClient } from '../cluster/client.ts';
import { deploymentKey } from './enqueue.ts';
import { ObjectStore } from './object-store.ts';
import { Watcher } from './watcher.ts';

const watched = ['inferenceDeployments', ...childResources, 'replicaSets', 'pods'] as const satisfies ResourceName[];
type Watched = (typeof watched)[number];

export interface ClusterViewParts {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly relistMs: number;
  readonly wantsPodMonitors: boolean;
  readonly enqueue: (key: Key) => void;
}

export class ClusterView {
  readonly #stores: Readonly<Record<Watched, ObjectStore>>;
  readonly watchers: readonly Watcher[];
  readonly #enqueue: (key: Key) => void;
  #hasPodMonitorApi = false;

  constructor(parts: ClusterViewParts) {
    this.#enqueue = parts.enqueue;
    this.#stores = Object.fromEntries(watched.map((name) => [name, new ObjectStore()])) as Record<Watched, ObjectStore>;
    const kinds = watched.filter((name) => name !== 'podMonitors' || parts.wantsPodMonitors);
    const places = parts.namespaces.length === 0 ? [undefined] : parts.namespaces;
    this.watchers = kinds.flatMap((name) => places.map((namespace) => this.#watcher(name, namespace, parts)));
  }

  #watcher(name: Watched, namespace: string | undefined, { client, clock, log, relistMs }: ClusterViewParts): Watcher {
    return new Watcher({
      client,
      resource: resources[name],
      namespace,
      labelSelector: name === 'inferenceDeployments' ? undefined : managedSelector,
      store: this.#stores[name],
      clock,
      log,
      relistMs,
      onChange: (object) => {
        const key = deploymentKey(object);
        if (key !== undefined) this.tell(key);
      },
      onSynced: () => this.#tellAll(namespace),
      ...(name === 'podMonitors' ? { onServed: (isServed: boolean) => this.#podMonitorsServed(isServed) } : {}),
    });
  }

  #podMonitorsServed(isServed: boolean): void {
    if (this.#hasPodMonitorApi === isServed) return;
    this.#hasPodMonitorApi = isServed;
    this.#tellAll();
  }

  #tellAll(namespace?: string): void {
    const isCovered = (key: Key) => namespace === undefined || splitKey(key)?.namespace === namespace;
    for (const key of this.keys().filter(isCovered)) this.tell(key);
  }

  /** Asks for a reconcile, unless something of the key was not listed yet: half a picture would delete and rewrite at random. */
  tell(key: Key): void {
    if (this.#isComplete(key)) this.#enqueue(key);
  }

  /**
   * All kinds were listed where this key lies. Of namespaces named one by one, one that is gone, and with it the right to list there,
   * must not keep the others from being served.
   */
  #isComplete(key: Key): boolean {
    const namespace = splitKey(key)?.namespace;
    return this.watchers.every((watcher) => watcher.hasSynced || !watcher.covers(namespace));
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.watchers.map((watcher) => watcher.run(signal)));
  }
  get hasPodMonitorApi(): boolean {
    return this.#hasPodMonitorApi;
  }

  keys(): readonly Key[] {
    return [...this.#stores.inferenceDeployments.all()].map((owner) => deploymentKey(owner)!);
  }
  owners(): Iterable<InferenceDeployment> {
    return this.#stores.inferenceDeployments.all() as Iterable<InferenceDeployment>;
  }
  owner(key: Key): InferenceDeployment | undefined {
    return this.#stores.inferenceDeployments.get(key) as InferenceDeployment | undefined;
  }
  pods(key: Key): readonly Pod[] {
    return this.#stores.pods.of(key) as readonly Pod[];
  }
  allPods(): Iterable<Pod> {
    return this.#stores.pods.all() as Iterable<Pod>;
  }
  replicaSets(key: Key): readonly ReplicaSet[] {
    return this.#stores.replicaSets.of(key) as readonly ReplicaSet[];
  }
  deployment(key: Key): Deployment | undefined {
    return this.#stores.deployments.get(nameOf(key, childNames.deployment)) as Deployment | undefined;
  }
  allDeployments(): Iterable<Deployment> {
    return this.#stores.deployments.all() as Iterable<Deployment>;
  }
  children(key: Key): readonly KubernetesObject[] {
    return childResources.flatMap((name: ChildResource) => this.#stores[name].of(key));
  }

  /** What a write answered is known before its watch event comes: the next reconcile must not write it again. */
  remember(object: KubernetesObject): void {
    const resource = resourceOfKind(object.kind);
    const name = watched.find((candidate) => resources[candidate] === resource);
    if (name !== undefined) this.#stores[name].put(object);
  }
  forget(object: KubernetesObject): void {
    const resource = resourceOfKind(object.kind);
    const name = watched.find((candidate) => resources[candidate] === resource);
    if (name !== undefined) this.#stores[name].remove(`${object.metadata.namespace ?? ''}/${object.metadata.name}`);
  }
}

const nameOf = (key: Key, child: (name: string) => string): Key => key.replace(/[^/]+$/, child);
