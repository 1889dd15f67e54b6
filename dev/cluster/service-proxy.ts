// Services on loopback: a ClusterIP does not exist here, so a Service is reached through a small TCP forwarder that does what kube-proxy
// does: ready endpoints in turn, terminating ones only when no other is left, refusal when there is none, connections that are open stay.
// A pod whose network is gone refuses nobody: who is sent there still waits in vain. It moves bytes and looks into none of them.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { ClusterClient } from './client.ts';
import type { Endpoint, EndpointSlice, Pod, Service, ServicePort } from './objects.ts';
import { endpointSlices, pods, services } from './resources.ts';
import { WatchCache } from './watch-cache.ts';

export type Target = { readonly host: string; readonly port: number };
export type OpenService = Target & { readonly close: () => Promise<void> };
export type ServiceAccess = {
  /** A pod that would get a connection now; undefined when the Service has none. The port by number or name, the first by default. */
  readonly endpointOf: (namespace: string, service: string, port?: number | string) => Target | undefined;
  /** Listens on 127.0.0.1 (or `at`) and forwards to the Service, like `kubectl port-forward svc/` but over all its pods. */
  readonly openService: (
    namespace: string,
    service: string,
    port?: number | string,
    at?: Partial<Target>,
  ) => Promise<OpenService>;
  readonly stop: () => Promise<void>;
};

export async function startServiceAccess(kubeconfig: string): Promise<ServiceAccess> {
  const stopping = new AbortController();
  const client = new ClusterClient(kubeconfig, 'kube-proxy');
  const known = { services: new WatchCache(client, services), slices: new WatchCache(client, endpointSlices) };
  const hosts = new WatchCache<Pod>(client, pods);
  // From the end of its last process on; of a pod that leaves nobody outside can tell from when.
  const refuses = ({ host }: Target): boolean =>
    hosts.list().some(({ status, metadata }) => status?.podIP === host && metadata.deletionTimestamp === undefined);
  const open = new Set<Forwarder>();
  await Promise.all([known.services, known.slices, hosts].map((cache) => cache.start(stopping.signal)));
  return {
    endpointOf: (namespace, service, port) => targetsOf(known, namespace, service, port)[0],
    openService: async (namespace, service, port, at = {}) => {
      const forwarder = new Forwarder(() => targetsOf(known, namespace, service, port), refuses);
      open.add(forwarder);
      const where = await forwarder.listen(at.host ?? '127.0.0.1', at.port ?? 0);
      return { ...where, close: () => forwarder.close() };
    },
    stop: async () => {
      stopping.abort();
      await Promise.all([...open].map((forwarder) => forwarder.close()));
      await client.close();
    },
  };
}

export type KnownServices = { readonly services: WatchCache<Service>; readonly slices: WatchCache<EndpointSlice> };

/** Where a connection may go now. */
export function targetsOf(
  known: KnownServices,
  namespace: string,
  name: string,
  port?: number | string,
): readonly Target[] {
  const service = known.services.get(`${namespace}/${name}`);
  const wanted = service?.spec.ports?.find((entry) => port === undefined || entry.port === port || entry.name === port);
  if (!wanted) return [];
  const slices = known.slices.list().filter((slice) => isOf(slice, namespace, name));
  const offered = slices.flatMap((slice) => endpointsOf(slice, wanted));
  const ready = offered.filter(({ endpoint }) => endpoint.conditions.ready);
  const leaving = offered.filter(({ endpoint }) => endpoint.conditions.serving && endpoint.conditions.terminating);
  return (ready.length > 0 ? ready : leaving).map(({ target }) => target);
}

const isOf = (slice: EndpointSlice, namespace: string, name: string): boolean =>
  slice.metadata.namespace === namespace && slice.metadata.labels?.['kubernetes.io/service-name'] === name;

function endpointsOf(
  slice: EndpointSlice,
  wanted: ServicePort,
): { readonly endpoint: Endpoint; readonly target: Target }[] {
  const port = (slice.ports ?? []).find((entry) => (entry.name ?? '') === (wanted.name ?? ''))?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).map((endpoint) => ({ endpoint, target: { host: endpoint.addresses[0] ?? '', port } }));
}

export class Forwarder {
  readonly #targets: () => readonly Target[];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #refuses: (target: Target) => boolean;
  #turn = 0;

  /** A target that does not listen `refuses`, or is not heard of again. */
  constructor(targets: () => readonly Target[], refuses: (target: Target) => boolean = () => true) {
    this.#targets = targets;
    this.#refuses = refuses;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) =>
      this.#forward(socket),
    );
  }

  listen(host: string, port: number): Promise<Target> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        resolve({ host, port: typeof address === 'object' && address ? address.port : port });
      });
    });
  }

  /** No new connections; those that are open stay, as they would through kube-proxy. */
  refuse(): void {
    this.#server.close();
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #forward(client: Socket): void {
    const targets = this.#targets();
    this.#turn += 1;
    const target = targets[this.#turn % Math.max(1, targets.length)];
    // A listening socket cannot refuse; a reset is the nearest thing to it.
    if (!target) return void client.resetAndDestroy();
    const upstream = connect({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true });
    let isConnected = false;
    let isSilent = false;
    upstream.on('error', () => {
      isSilent = !isConnected && !this.#refuses(target);
      if (!isSilent) client.resetAndDestroy();
    });
    upstream.on('close', () => isSilent || client.destroy());
    client.on('error', () => upstream.resetAndDestroy());
    client.on('close', () => upstream.destroy());
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    }
    upstream.once('connect', () => {
      isConnected = true;
      client.pipe(upstream);
      upstream.pipe(client);
    });
  }
}
