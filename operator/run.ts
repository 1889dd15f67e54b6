// The operator put together: what starts in which order, and stops in reverse. main and the integration tests both call run.
// Watches start at once, so that a second operator is warm; writing starts with the Lease.
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Agent } from 'undici';
import { AdminServer } from '../runtime/admin-server.ts';
import type { Clock } from '../runtime/clock.ts';
import { startAll } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logger.ts';
import { adminRoutes } from './admin-routes.ts';
import { KubernetesClient } from './cluster/client.ts';
import { connect } from './cluster/connection.ts';
import { EventRecorder } from './cluster/events.ts';
import { LeaderLease } from './cluster/lease.ts';
import type { OperatorSettings } from './config.ts';
import { storeFingerprint } from './desired/secret.ts';
import { OperatorMetrics } from './metrics.ts';
import { reconcile } from './reconcile/reconcile.ts';
import { RolloutTurns } from './reconcile/turns.ts';
import { StatsBoard } from './stats/stats-board.ts';
import { ClusterView } from './watch/cluster-view.ts';
import { runWorkers } from './workqueue/workers.ts';
import { Workqueue } from './workqueue/workqueue.ts';

export interface OperatorDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Told the admin port once it is known. */
  readonly listening?: (port: number) => void;
}

/** Resolves when the signal aborts and everything has stopped; rejects if the Lease was lost, after which nothing may go on. */
export async function run(
  signal: AbortSignal,
  settings: OperatorSettings,
  { clock, log, listening }: OperatorDeps,
): Promise<void> {
  const metrics = new OperatorMetrics();
  const connection = await connect(settings.kubeconfig);
  const client = new KubernetesClient(connection, ({ verb }, status) => metrics.called(verb, status));
  const sidecars = new Agent({ keepAliveTimeout: 10_000, connect: { timeout: 2_000 } });
  const queue = new Workqueue(clock);
  const view = new ClusterView({
    client,
    clock,
    log,
    namespaces: settings.namespaces,
    relistMs: settings.relistSeconds * 1000,
    wantsPodMonitors: settings.podMonitors,
    enqueue: (key) => queue.add(key),
  });
  const stats = new StatsBoard({
    clock,
    dispatcher: sidecars,
    periodMs: settings.statsPeriodSeconds * 1000,
    pods: () => view.allPods(),
    changed: (key) => view.tell(key),
    failed: () => metrics.statsFailed(),
  });
  const identity = settings.identity || `${hostname()}_${randomBytes(4).toString('hex')}`;
  const { namespace, leaseName: name, leaseSeconds } = settings;
  const lease = new LeaderLease({ client, clock, log, namespace, name, identity, leaseSeconds });
  const events = new EventRecorder(client, clock, log);
  const newAdminToken = () => randomBytes(24).toString('base64url');
  const turns = new RolloutTurns(settings.maxConcurrentRollouts, () => view.allDeployments());
  const desired = { ...settings, storeFingerprint: storeFingerprint(settings) };
  const parts = { settings: desired, client, view, stats, events, turns, clock, log, newAdminToken };
  metrics.observe({
    queueDepth: () => queue.depth,
    deployments: () => view.owners(),
    watchers: () => view.watchers,
    isLeader: () => lease.isHeld || !settings.leaderElection,
  });
  const admin = new AdminServer({
    host: settings.host,
    port: settings.adminPort,
    token: '',
    routes: adminRoutes(view, metrics),
    failed: (error, path) => log.error({ err: error, path }, 'admin path failed'),
  });

  const stopping = new AbortController();
  const stop = AbortSignal.any([signal, stopping.signal]);
  const watching: Promise<void>[] = [];
  const running = await startAll([
    {
      name: 'connections',
      stop: async () => {
        await Promise.all([connection.close(), sidecars.destroy()]);
      },
    },
    admin,
    {
      name: 'watches',
      start: () => void watching.push(view.run(stop)),
      stop: async () => {
        stopping.abort();
        await Promise.all(watching);
      },
    },
  ]);
  listening?.(admin.port);
  log.info({ port: admin.port, server: connection.server.href }, 'operator started');
  try {
    const workers = { queue, reconcile: (key: string) => reconcile(key, parts), metrics, clock, log };
    await lead(stop, {
      settings,
      lease,
      stats,
      work: () => runWorkers(settings.workers, workers),
      close: () => queue.close(),
    });
  } finally {
    await running.stop();
  }
}

interface LeadParts {
  readonly settings: OperatorSettings;
  readonly lease: LeaderLease;
  readonly stats: StatsBoard;
  readonly work: () => Promise<void>;
  readonly close: () => void;
}

/** Works while it leads. The Lease is released only after the last write has ended, so that two never write at once. */
async function lead(signal: AbortSignal, { settings, lease, stats, work, close }: LeadParts): Promise<void> {
  if (settings.leaderElection && !(await lease.acquire(signal))) return close();
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const keeping = settings.leaderElection
    ? lease.keep(stop)
    : new Promise<true>((resolve) => stop.addEventListener('abort', () => resolve(true)));
  const lost = keeping.then((isKept) => {
    over.abort();
    if (!isKept) throw new Error('the Lease was lost: another operator may be at work, so this one ends');
  });
  stop.addEventListener('abort', close, { once: true });
  if (stop.aborted) close();
  const working = Promise.all([work(), stats.run(stop)]);
  try {
    await lost;
    await working;
  } finally {
    await lease.release();
  }
}
