// Wires the controllers of the loopback cluster: watches, queues, which change concerns which key. What each controller does is in
// its own file. Garbage collection and namespaces are the API server's (dev/cluster/api).
import { ClusterClient } from '../client.ts';
import { controllerOf } from '../conditions.ts';
import { eventRecorder } from '../event-recorder.ts';
import { KeyQueue, type Work } from '../key-queue.ts';
import type {
  Deployment,
  EndpointSlice,
  KubeObject,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
  StatefulSet,
} from '../objects.ts';
import * as kinds from '../resources.ts';
import { matches } from '../selector.ts';
import { keyOf, WatchCache } from '../watch-cache.ts';
import { bindClaim } from './claims.ts';
import { syncDeployment } from './deployment/controller.ts';
import { syncBudget } from './disruption.ts';
import { syncEndpoints } from './endpoints.ts';
import { defaultNodeMonitor, monitorNodes, type NodeMonitor } from './node-lifecycle.ts';
import { syncReplicaSet } from './replica-set/controller.ts';
import { Scheduler } from './scheduler/scheduler.ts';
import { syncStatefulSet } from './stateful-set.ts';

export type ControllerOptions = {
  readonly kubeconfig: string;
  /** How long an unschedulable pod rests before it is tried again; the real scheduler's 1 s and 10 s by default. */
  readonly schedulerBackoffMs?: { readonly initial: number; readonly max: number };
  /** When a silent node counts as lost; the real controller's 5 s and 50 s by default. */
  readonly nodeMonitor?: NodeMonitor;
  /** Told of every failed round of work; it is retried in any case. */
  readonly onError?: (controller: string, key: string, error: unknown) => void;
};
export type Controllers = { readonly stop: () => Promise<void> };

export async function startControllers(options: ControllerOptions): Promise<Controllers> {
  const stopping = new AbortController();
  const manager = new ClusterClient(options.kubeconfig, 'kube-controller-manager');
  const scheduling = new ClusterClient(options.kubeconfig, 'kube-scheduler');
  const caches = {
    pods: new WatchCache(manager, kinds.pods),
    nodes: new WatchCache(manager, kinds.nodes),
    leases: new WatchCache(manager, kinds.leases),
    services: new WatchCache(manager, kinds.services),
    deployments: new WatchCache(manager, kinds.deployments),
    replicaSets: new WatchCache(manager, kinds.replicaSets),
    statefulSets: new WatchCache(manager, kinds.statefulSets),
    claims: new WatchCache(manager, kinds.claims),
    slices: new WatchCache(manager, kinds.endpointSlices),
    budgets: new WatchCache(manager, kinds.disruptionBudgets),
  };
  const queues: KeyQueue[] = [];
  const failed = (name: string) => (key: string, error: unknown) => options.onError?.(name, key, error);
  const queue = (name: string, work: Work): KeyQueue => {
    const made = new KeyQueue(work, failed(name));
    queues.push(made);
    return made;
  };
  wire(caches, manager, queue);
  const scheduler = new Scheduler({
    client: scheduling,
    pods: caches.pods,
    nodes: caches.nodes,
    claims: caches.claims,
    recorder: eventRecorder(scheduling, 'default-scheduler'),
    backoffMs: options.schedulerBackoffMs ?? { initial: 1_000, max: 10_000 },
    onError: failed('scheduler'),
  });
  await Promise.all(Object.values(caches).map((cache) => cache.start(stopping.signal, failed('watch'))));
  const stopMonitor = monitorNodes({
    client: manager,
    nodes: caches.nodes,
    leases: caches.leases,
    pods: caches.pods,
    recorder: eventRecorder(manager, 'node-controller'),
    monitor: options.nodeMonitor ?? defaultNodeMonitor,
    onError: failed('node-lifecycle'),
  });
  return {
    stop: async () => {
      stopMonitor();
      stopping.abort();
      scheduler.stop();
      for (const entry of queues) entry.stop();
      await Promise.all([manager.close(), scheduling.close()]);
    },
  };
}

type Caches = {
  readonly pods: WatchCache<Pod>;
  readonly services: WatchCache<Service>;
  readonly deployments: WatchCache<Deployment>;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly statefulSets: WatchCache<StatefulSet>;
  readonly claims: WatchCache<PersistentVolumeClaim>;
  readonly slices: WatchCache<EndpointSlice>;
  readonly budgets: WatchCache<PodDisruptionBudget>;
};

function wire(caches: Caches, client: ClusterClient, queue: (name: string, work: Work) => KeyQueue): void {
  const { pods, services, deployments, replicaSets, statefulSets, claims, slices, budgets } = caches;
  const rollouts = { client, deployments, replicaSets, pods, recorder: eventRecorder(client, 'deployment-controller') };
  const rollout = queue('deployment', (key) => syncDeployment(rollouts, key));
  const replicas = { client, replicaSets, pods, recorder: eventRecorder(client, 'replicaset-controller') };
  const replica = queue('replicaset', (key) => syncReplicaSet(replicas, key));
  const stateful = { client, sets: statefulSets, pods, recorder: eventRecorder(client, 'statefulset-controller') };
  const ordinal = queue('statefulset', (key) => syncStatefulSet(stateful, key));
  const binding = queue('claims', (key) => bindClaim(client, claims, key));
  const endpoint = queue('endpointslice', (key) => syncEndpoints({ client, services, pods, slices }, key));
  const disruption = { client, budgets, pods, replicaSets, deployments };
  const budget = queue('disruption', (key) => syncBudget(disruption, key));

  deployments.onChange((now, before) => rollout.add(keyOf((now ?? before) as KubeObject)));
  deployments.onChange((now, before) => {
    if (now?.spec.replicas !== before?.spec.replicas)
      addAll(budget, sameNamespace(budgets.list(), (now ?? before) as KubeObject));
  });
  replicaSets.onChange((now, before) => {
    const set = (now ?? before) as KubeObject;
    replica.add(keyOf(set));
    addOwner(rollout, set, 'Deployment', deployments.list());
    addAll(budget, sameNamespace(budgets.list(), set));
  });
  pods.onChange((now, before) => {
    const pod = (now ?? before) as Pod;
    addOwner(replica, pod, 'ReplicaSet', replicaSets.list());
    if (before) addOwner(replica, before, 'ReplicaSet', replicaSets.list());
    addOwner(ordinal, pod, 'StatefulSet', []);
    // Recreate waits for the last old pod: only the pod's end tells.
    const set = replicaSets.get(`${pod.metadata.namespace}/${controllerOf(pod)?.name}`);
    if (set && (!now || now.status?.phase !== before?.status?.phase)) addOwner(rollout, set, 'Deployment', []);
    const concerned = sameNamespace(services.list(), pod).filter((service) =>
      [now, before].some(
        (entry) => entry && matches({ matchLabels: service.spec.selector ?? {} }, entry.metadata.labels),
      ),
    );
    addAll(endpoint, concerned);
    addAll(budget, sameNamespace(budgets.list(), pod));
  });
  statefulSets.onChange((now, before) => ordinal.add(keyOf((now ?? before) as KubeObject)));
  claims.onChange((now) => now && binding.add(keyOf(now)));
  services.onChange((now, before) => endpoint.add(keyOf((now ?? before) as KubeObject)));
  slices.onChange((now, before) => {
    const slice = (now ?? before) as KubeObject;
    const service = slice.metadata.labels?.['kubernetes.io/service-name'];
    if (service) endpoint.add(`${slice.metadata.namespace}/${service}`);
  });
  budgets.onChange((now, before) => budget.add(keyOf((now ?? before) as KubeObject)));
}

const sameNamespace = <T extends KubeObject>(objects: readonly T[], as: KubeObject): readonly T[] =>
  objects.filter((object) => object.metadata.namespace === as.metadata.namespace);

function addAll(queue: KeyQueue, objects: readonly KubeObject[]): void {
  for (const object of objects) queue.add(keyOf(object));
}

/** The owner's key; an orphan concerns whoever may adopt it. */
function addOwner(queue: KeyQueue, object: KubeObject, kind: string, candidates: readonly KubeObject[]): void {
  const owner = controllerOf(object);
  if (owner?.kind === kind) queue.add(`${object.metadata.namespace}/${owner.name}`);
  else if (!owner) addAll(queue, sameNamespace(candidates, object));
}
