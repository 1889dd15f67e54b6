// Builds the sidecar's parts, starts them in order and stops them in reverse. main.ts and the tests both call `run`.
// The only place where the parts meet.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AdminServer } from '../runtime/admin-server.ts';
import type { Clock } from '../runtime/clock.ts';
import { listen } from '../runtime/http.ts';
import { type Part, startAll } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logger.ts';
import { adminRoutes } from './admin.ts';
import { healthUrlOf } from './config.ts';
import type { SidecarSettings } from './contract.ts';
import { Drain } from './drain.ts';
import { Deadlines } from './gate/deadlines.ts';
import { Gate } from './gate/gate.ts';
import { ServiceRate } from './gate/service-rate.ts';
import { ApiKeys, authenticateNobody } from './ingress/authenticate.ts';
import { answerBroken } from './ingress/broken.ts';
import type { ExchangeHost } from './ingress/exchange.ts';
import { type ConnectionLimits, defaultLimits } from './ingress/limits.ts';
import { createTrafficServer } from './ingress/listen.ts';
import { createRouter } from './ingress/route.ts';
import { createPipeline } from './pipeline.ts';
import { Acceptance } from './prefer/accepted.ts';
import { Requests } from './prefer/requests.ts';
import type { CreateQueueService, QueueService } from './queue/queue-service.ts';
import { createAccessLog } from './telemetry/access-log.ts';
import { Metrics } from './telemetry/metrics.ts';
import { createQueueMetrics } from './telemetry/queue-metrics.ts';
import { RequestMetrics } from './telemetry/request-metrics.ts';
import { createCallContainer } from './upstream/call.ts';
import { Container } from './upstream/container.ts';
import { ContainerHealth, type ContainerState } from './upstream/health.ts';
import { WebSockets } from './upstream/websocket.ts';

export interface SidecarDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly createQueueService: CreateQueueService;
  readonly limits?: ConnectionLimits;
}

export interface RunningSidecar {
  readonly trafficPort: number;
  readonly adminPort: number;
  /** Resolves when the sidecar has drained and stopped after its signal aborted. */
  readonly stopped: Promise<void>;
}

/** Resolves when the sidecar serves. It drains and stops when the signal aborts. */
export async function run(signal: AbortSignal, settings: SidecarSettings, deps: SidecarDeps): Promise<RunningSidecar> {
  const { clock, logger, limits = defaultLimits } = deps;
  const metrics = new Metrics();
  const requestMetrics = new RequestMetrics(metrics);
  const gate = new Gate({ concurrency: settings.concurrency, maxWaiting: settings.maxQueue, clock });
  const deadlines = new Deadlines(clock, settings.requestTtlSeconds * 1000);
  const container = new Container({
    origin: settings.upstream,
    concurrency: settings.concurrency,
    idleTimeoutMs: settings.idleTimeoutSeconds * 1000,
  });
  const service = deps.createQueueService({
    settings,
    clock,
    logger,
    gate,
    callContainer: createCallContainer(container, settings.maxBodyBytes, ({ message }) =>
      health.reportRefused(message),
    ),
    probeContainer: () => health.ask(),
    observer: createQueueMetrics(metrics),
    finished: () => drain.recheck(),
  });
  const closeKept = () => {
    clock.after(KEPT_FOR_MS, () => server.closeIdleConnections());
  };
  const drain = createDrain(settings, clock, gate, service, {
    containerState: () => health.state,
    began: closeKept,
  });
  const health = createHealth(settings, clock, logger, gate, drain);
  const keys = settings.authKeysDir === '' ? undefined : new ApiKeys(settings.authKeysDir, clock, logger);
  const webSockets = new WebSockets({
    origin: settings.upstream,
    idleTimeoutMs: settings.idleTimeoutSeconds * 1000,
  });
  const requests = new Requests(service.queue);
  let isClosing = false;

  const pipeline = createPipeline({
    settings,
    limits,
    host: exchangeHost(clock, drain, requestMetrics, createAccessLog(logger), closeKept),
    route: createRouter(settings.name),
    authenticate: keys?.authenticate ?? authenticateNobody,
    requests,
    acceptance: new Acceptance(service.queue, requests, {
      name: settings.name,
      maxBodyBytes: settings.maxBodyBytes,
      bodySilenceMs: limits.bodySilenceMs,
      ttlMs: settings.requestTtlSeconds * 1000,
      webhookAllowedHosts: settings.webhookAllowedHosts,
    }),
    ways: {
      container,
      gate,
      deadlines,
      rate: new ServiceRate(settings.concurrency),
      clock,
      idleTimeoutMs: settings.idleTimeoutSeconds * 1000,
      firstToken: (ms) => requestMetrics.firstToken(ms),
      nextToken: (gapMs) => requestMetrics.nextToken(gapMs),
      waitsForRestart: (error) => {
        health.reportRefused(error.message);
        return health.isProbed;
      },
      isClosing: () => isClosing,
    },
    webSockets,
  });
  const server = createTrafficServer(
    {
      onRequest: (request, response) => pipeline.request(request, response, false),
      onExpectation: (request, response) => pipeline.request(request, response, true),
      onUpgrade: (request, socket, head) => pipeline.upgrade(request, socket, head),
      onBroken: (error, socket) => {
        const refusal = answerBroken(error, socket);
        if (refusal !== undefined) requestMetrics.refused(refusal.code);
      },
    },
    limits,
    settings.maxConnections,
  );
  const admin = new AdminServer({
    host: settings.host,
    port: settings.adminPort,
    token: settings.adminToken,
    routes: adminRoutes({ settings, nowMs: () => clock.nowMs(), health, gate, drain, service, metrics }),
    failed: (error, path) => logger.error({ err: error, path }, 'admin path failed'),
  });
  observe(metrics, settings, gate, drain, health);
  metrics.countOf('inference_client_connections', (done) => server.getConnections((_error, count) => done(count)));

  const parts: Part[] = [
    { name: 'admin server', start: () => admin.start(), stop: () => admin.stop() },
    { name: 'queue', start: () => service.start(), stop: () => service.stop() },
    { name: 'health', start: () => health.start(), stop: () => health.stop() },
    ...(keys === undefined ? [] : [keys]),
    {
      name: 'traffic server',
      start: () => listen(server, settings.host, settings.port),
      stop: async () => {
        isClosing = true;
        await closeTraffic(server, clock, async () => {
          gate.dismissAll();
          await container.close();
          webSockets.closeAll();
        });
        deadlines.stop();
      },
    },
  ];
  const running = await startAll(parts);
  const stopped = untilAborted(signal).then(async () => {
    logger.info('draining');
    drain.begin();
    const isDone = await drain.waitUntilDone(new AbortController().signal);
    if (!isDone) logger.warn('still busy after drainSeconds: what is left is given up');
    await running.stop();
    logger.info('stopped');
  });
  const trafficPort = (server.address() as AddressInfo).port;
  logger.info({ trafficPort, adminPort: admin.port }, 'serving');
  return { trafficPort, adminPort: admin.port, stopped };
}

/** A draining replica leaves a client this time to come back on its connection: closing at once would meet it half-way. */
const KEPT_FOR_MS = 1_000;

/** Closes the port; who is still there after the drain is answered, and gets a moment to read it. */
async function closeTraffic(server: Server, clock: Clock, giveUp: () => Promise<void>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await giveUp();
  server.closeIdleConnections();
  await Promise.race([closed, new Promise<void>((resolve) => clock.after(1_000, resolve))]);
  server.closeAllConnections();
}

function createDrain(
  { drainSeconds, drainQuietSeconds }: SidecarSettings,
  clock: Clock,
  gate: Gate,
  service: QueueService,
  { containerState, began }: { readonly containerState: () => ContainerState; readonly began: () => void },
): Drain {
  const options = { drainMs: drainSeconds * 1000, quietMs: drainQuietSeconds * 1000 };
  return new Drain(options, {
    clock,
    isIdle: () => gate.isIdle && service.running === 0,
    isContainerDead: () => containerState() === 'unreachable',
    began: () => {
      service.pause();
      // A client that kept a connection for later would come back on it when the container is gone.
      began();
    },
    ended: () => service.resume(),
    gaveUp: () => service.handBack(),
  });
}

function createHealth(
  settings: SidecarSettings,
  clock: Clock,
  logger: Logger,
  gate: Gate,
  drain: Drain,
): ContainerHealth {
  const health = new ContainerHealth(
    {
      url: healthUrlOf(settings),
      periodMs: settings.healthPeriodSeconds * 1000,
      timeoutMs: settings.healthTimeoutSeconds * 1000,
      failureThreshold: settings.healthFailureThreshold,
    },
    {
      clock,
      logger,
      isWorking: () => gate.inFlight > 0,
      changed: (state, before) => {
        if (state === 'healthy') gate.open();
        else gate.close();
        // A probe killed the container, whose preStop began the drain; now it is back.
        if (state === 'healthy' && before !== 'busy') drain.end();
        drain.recheck();
      },
    },
  );
  if (health.state !== 'healthy') gate.close();
  return health;
}

function exchangeHost(
  clock: Clock,
  drain: Drain,
  metrics: RequestMetrics,
  log: ReturnType<typeof createAccessLog>,
  closeKept: () => void,
): ExchangeHost {
  return {
    monotonicMs: () => clock.monotonicMs(),
    isDraining: () => drain.isDraining,
    cameForWork: () => drain.arrived(),
    ended: (exchange) => {
      const durationMs = clock.monotonicMs() - exchange.arrivedAtMs;
      metrics.ended(exchange, durationMs);
      log(exchange, durationMs);
      if (!drain.isDraining) return;
      // Its head was written before the drain began, without Connection: close.
      if (exchange.response.shouldKeepAlive) {
        drain.arrived();
        closeKept();
      }
      drain.recheck();
    },
  };
}

function observe(metrics: Metrics, settings: SidecarSettings, gate: Gate, drain: Drain, health: ContainerHealth): void {
  metrics.gauge('inference_concurrency_limit').set(settings.concurrency);
  metrics.gaugeOf('inference_in_flight', () => gate.inFlight);
  metrics.gaugeOf('inference_waiting', () => gate.waiting);
  metrics.gaugeOf('inference_draining', () => (drain.isDraining ? 1 : 0));
  const states = ['starting', 'healthy', 'busy', 'unhealthy', 'unreachable'] as const;
  metrics.stateOf('inference_container_state', states, () => health.state);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
