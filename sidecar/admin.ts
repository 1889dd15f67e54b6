// What the sidecar's admin port answers: the kubelet's probes, the container's preStop, metrics, figures, dead letters.
import type { AdminReply, AdminRoute } from '../runtime/admin-server.ts';
import { adminPaths, type SidecarSettings, type SidecarStats } from './contract.ts';
import type { Drain } from './drain.ts';
import type { Gate } from './gate/gate.ts';
import type { QueueService } from './queue/queue-service.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { ContainerHealth } from './upstream/health.ts';

export interface AdminParts {
  readonly settings: SidecarSettings;
  readonly nowMs: () => number;
  readonly health: ContainerHealth;
  readonly gate: Gate;
  readonly drain: Drain;
  readonly service: QueueService;
  readonly metrics: Metrics;
}

const MOST_DEAD_LETTERS = 100;

export function adminRoutes(parts: AdminParts): readonly AdminRoute[] {
  const { health, gate, drain, service, metrics } = parts;
  let hasReachedStore = false;
  const get = (path: string, reply: AdminRoute['reply']): AdminRoute => ({ path, methods: ['GET'], reply });
  return [
    get(adminPaths.healthz, () => yes('the sidecar runs')),
    // The kubelet asks for as long as a container's present run has not started, and asks /live only then: one that it has
    // killed has all of its startup time again, if this is not answered from memory.
    get(adminPaths.startup, async () =>
      (await health.isUp()) ? yes('the container has started') : no(`container ${health.state}`),
    ),
    // A single-threaded model that computes answers no probe and is not dead.
    get(adminPaths.live, () =>
      health.state !== 'unreachable' || gate.inFlight > 0
        ? yes(`container ${health.state}`)
        : no('container unreachable'),
    ),
    get(adminPaths.ready, () => {
      hasReachedStore ||= service.queue.health().ok;
      return readiness(parts, hasReachedStore);
    }),
    get(adminPaths.metrics, async () => {
      const registry = await metrics.read();
      return { status: 200, contentType: registry.contentType, body: await registry.metrics() };
    }),
    get(adminPaths.stats, async () => json(200, await stats(parts))),
    {
      path: adminPaths.drain,
      methods: ['GET', 'POST'],
      // The container's preStop waits without a token, which would stand readable in the pod: waiting changes nothing.
      guarded: ['POST'],
      reply: async ({ method, signal }) => {
        if (method === 'POST') {
          drain.begin();
          return { status: 202, body: 'draining; GET answers when nothing is inside or waiting\n' };
        }
        const isDone = await drain.waitUntilDone(signal);
        return isDone ? yes('nothing is inside or waiting') : no('still busy when the time was over');
      },
    },
    {
      path: adminPaths.deadLetters,
      methods: ['GET', 'POST'],
      guarded: ['GET', 'POST'],
      takesRest: true,
      reply: deadLetters(parts),
    },
  ];
}

/**
 * A replica that never reached its store is set up wrongly, and must not replace one that works. Once it did, the store's absence
 * is that of all replicas: unready, they would refuse the sync callers too, who need no store.
 */
function readiness({ health, drain, service }: AdminParts, hasReachedStore: boolean): AdminReply {
  if (drain.isUnready) return no('draining');
  if (health.state !== 'healthy' && health.state !== 'busy') return no(`container ${health.state}`);
  const store = service.queue.health();
  return store.ok || hasReachedStore ? yes('ready') : no(`store: ${store.error ?? 'no answer'}`);
}

async function stats({ settings, nowMs, health, gate, drain, service }: AdminParts): Promise<SidecarStats> {
  const { queue } = service;
  const figures = await queue.figures().catch(() => null);
  const oldest = figures?.oldestQueuedAtMs ?? null;
  return {
    name: settings.name,
    namespace: settings.namespace,
    concurrency: settings.concurrency,
    inFlight: gate.inFlight,
    waiting: gate.waiting,
    queue: figures && {
      queued: figures.queued,
      running: figures.running,
      oldestQueuedSeconds: oldest === null ? 0 : Math.max(0, Math.round((nowMs() - oldest) / 1000)),
    },
    container: health.state,
    containerAnswer: health.lastAnswer,
    containerSaid: health.lastSaid,
    store: { kind: service.storeKind, ...queue.health() },
    draining: drain.isDraining,
  };
}

/** GET lists them; POST /dead-letters/<id>/replay makes a new request of one. */
function deadLetters({ service: { queue } }: AdminParts): AdminRoute['reply'] {
  return async ({ method, rest }) => {
    if (method === 'GET' && rest === '') return json(200, await queue.deadLetters(MOST_DEAD_LETTERS));
    const id = /^([A-Za-z0-9._-]{1,128})\/replay$/.exec(rest)?.[1];
    if (method !== 'POST' || id === undefined)
      return json(404, { error: 'POST /dead-letters/<id>/replay, or GET /dead-letters' });
    const replayed = await queue.replay(id);
    if (replayed === null) return json(404, { error: 'no such dead letter' });
    return json(replayed.outcome.kind === 'accepted' ? 202 : 429, { Id: replayed.id, outcome: replayed.outcome });
  };
}

const yes = (body: string): AdminReply => ({ status: 200, body: `${body}\n` });
const no = (body: string): AdminReply => ({ status: 503, body: `${body}\n` });
const json = (status: number, document: unknown): AdminReply => ({
  status,
  contentType: 'application/json',
  body: `${JSON.stringify(document)}\n`,
});
