// Starts a node agent, the loopback cluster's stand-in for a kubelet: registers the node, then gives every pod bound to it a worker.
// It is a development tool: containers are plain local processes with no isolation from this machine.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterClient } from '../client.ts';
import { isPodFinished } from '../conditions.ts';
import { eventRecorder } from '../event-recorder.ts';
import type { Kubelet, LogAnswer, LogOptions } from '../kubelet.ts';
import type { Pod } from '../pod.ts';
import * as kinds from '../resources.ts';
import { keyOf, WatchCache } from '../watch-cache.ts';
import { claimRange } from './addresses.ts';
import { killEverything } from './container-process.ts';
import { Devices } from './devices.ts';
import { serviceLinks } from './environment.ts';
import { Images } from './images.ts';
import type { NodeParts } from './node-parts.ts';
import { PodWorker } from './pod-worker.ts';
import { readLog } from './read-log.ts';
import { keepLease, registerNode } from './registration.ts';
import { ServiceNames } from './service-names.ts';
import { gpuResource, kubeletTimings, type NodeSettings } from './settings.ts';

export type RunningContainer = {
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly killForMemory: () => void;
};
export type NodeAgent = Kubelet & {
  readonly name: string;
  readonly hostIP: string;
  /** The process that runs in a container now, for tests that break it. */
  readonly container: (namespace: string, pod: string, container: string) => RunningContainer | undefined;
  /** Ends all pods at once and for good, without a word to the API server: the machine goes off. */
  readonly stop: () => Promise<void>;
};

export async function startNodeAgent(settings: NodeSettings): Promise<NodeAgent> {
  const stopping = new AbortController();
  const client = new ClusterClient(settings.kubeconfig, 'kubelet');
  const addresses = await claimRange();
  const stateDir = settings.stateDir ?? mkdtempSync(join(tmpdir(), `node-${settings.name}-`));
  mkdirSync(stateDir, { recursive: true });
  const caches = cachesOf(client, settings.name);
  const serviceRange = await claimRange();
  const serviceNames = new ServiceNames(caches, serviceRange);
  const parts = partsOf(settings, client, addresses, stateDir, caches, (text) => serviceNames.translate(text));
  const workers = new Map<string, PodWorker>();
  const runs = new Set<Promise<void>>();

  const podChanged = (now: Pod | undefined, before: Pod | undefined): void => {
    const uid = (now ?? before)?.metadata.uid ?? '';
    const worker = workers.get(uid);
    if (!now) worker?.removed();
    else if (worker) worker.update(now);
    else if (!isPodFinished(now)) begin(now, uid);
  };
  const begin = (now: Pod, uid: string): void => {
    const made = new PodWorker(parts, now);
    workers.set(uid, made);
    const run = made.run().catch((error) => parts.onError(keyOf(now), error));
    runs.add(run);
    void run.finally(() => {
      runs.delete(run);
      workers.delete(uid);
    });
  };
  caches.pods.onChange(podChanged);
  const onExit = (): void => killEverything();
  process.on('exit', onExit);
  await registerNode(client, settings, addresses.hostIP);
  void keepLease(client, settings, addresses.hostIP, parts.timings, stopping.signal);
  const { pods, ...others } = caches;
  await Promise.all(Object.values(others).map((cache) => cache.start(stopping.signal, parts.onError)));
  await pods.start(stopping.signal, parts.onError);
  const refresh = setInterval(() => {
    for (const worker of workers.values()) worker.wake();
  }, parts.timings.volumeRefreshMs);

  const find = (namespace: string, pod: string): PodWorker | undefined =>
    [...workers.values()].find(({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === pod);
  return {
    name: settings.name,
    hostIP: addresses.hostIP,
    readLog: (namespace, pod, container, options) => logOf(find(namespace, pod), pod, container, options),
    container: (namespace, pod, container) => {
      const running = find(namespace, pod)?.records.find((record) => record.spec.name === container)?.process;
      if (!running || running.exit) return undefined;
      return {
        pid: running.pid,
        kill: (signal) => running.signal(signal),
        killForMemory: () => running.killForMemory(),
      };
    },
    stop: async () => {
      clearInterval(refresh);
      stopping.abort();
      await Promise.all([...workers.values()].map((worker) => worker.powerOff()));
      await Promise.all(runs);
      process.off('exit', onExit);
      await serviceNames.stop();
      await Promise.all([client.close(), addresses.close(), serviceRange.close()]);
      if (!settings.stateDir) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

function cachesOf(client: ClusterClient, nodeName: string) {
  return {
    secrets: new WatchCache(client, kinds.secrets),
    configMaps: new WatchCache(client, kinds.configMaps),
    services: new WatchCache(client, kinds.services),
    slices: new WatchCache(client, kinds.endpointSlices),
    claims: new WatchCache(client, kinds.claims),
    pods: new WatchCache(client, kinds.pods, { fieldSelector: `spec.nodeName=${nodeName}` }),
  };
}

function partsOf(
  settings: NodeSettings,
  client: ClusterClient,
  addresses: NodeParts['addresses'],
  stateDir: string,
  caches: ReturnType<typeof cachesOf>,
  services: (text: string) => string,
): NodeParts {
  const timings = { ...kubeletTimings, ...settings.timings };
  const inNamespaceOf = (pod: Pod, name: string): string => `${pod.metadata.namespace}/${name}`;
  return {
    nodeName: settings.name,
    client,
    pods: caches.pods,
    recorder: eventRecorder(client, 'kubelet', settings.name),
    addresses,
    devices: new Devices(gpuResource(settings), settings.name, settings.gpus?.count ?? 0),
    images: new Images(settings.images, timings.imageBackoff),
    timings,
    hosts: settings.hosts ?? {},
    services,
    stateDir,
    lookup: (pod) => ({
      secret: (name) => caches.secrets.get(inNamespaceOf(pod, name)),
      configMap: (name) => caches.configMaps.get(inNamespaceOf(pod, name)),
    }),
    links: (pod) =>
      pod.spec.enableServiceLinks === false
        ? {}
        : serviceLinks(
            caches.services.list().filter((service) => service.metadata.namespace === pod.metadata.namespace),
          ),
    claimDir: (pod) => (name) => {
      const claim = caches.claims.get(inNamespaceOf(pod, name));
      // By uid: a claim that is deleted and made again under its old name begins empty.
      return claim && join(settings.claimsDir ?? join(stateDir, 'claims'), claim.metadata.uid);
    },
    onError: settings.onError ?? (() => {}),
  };
}

function logOf(
  worker: PodWorker | undefined,
  pod: string,
  container: string | undefined,
  options: LogOptions,
): LogAnswer | undefined {
  if (!worker) return undefined;
  const name = container ?? worker.pod.spec.containers[0]?.name;
  const record = worker.records.find((entry) => entry.spec.name === name);
  if (!record) return { ok: false, code: 400, message: `container ${name} is not valid for pod ${pod}` };
  return readLog(record, pod, options);
}
