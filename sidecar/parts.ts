// Makes the sidecar's parts and ties them together, beginning at the container and ending at the ports. Starts nothing.
import { AdminServer } from '../runtime/admin-server.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { adminRoutes } from './admin.ts';
import { healthUrlOf } from './config.ts';
import type { SidecarSettings } from './contract.ts';
import { Drain } from './drain.ts';
import { Deadlines } from './gate/deadlines.ts';
import { Gate } from './gate/gate.ts';
import type { PassageWays } from './gate/passage.ts';
import { ServiceRate } from './gate/service-rate.ts';
import { ApiKeys, authenticateNobody } from './ingress/authenticate.ts';
import { answerToBroken } from './ingress/broken.ts';
import { Cors } from './ingress/cors.ts';
import type { ExchangeHost } from './ingress/exchange.ts';
import { type ConnectionLimits, defaultLimits } from './ingress/limits.ts';
import { createRouter } from './ingress/route.ts';
import { TrafficPort } from './ingress/traffic-port.ts';
import { MemoryBudget, memoryLimits } from './memory-budget.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { Acceptance } from './prefer/accepted.ts';
import { Requests } from './prefer/requests.ts';
import { processMemory } from './process-memory.ts';
import type { QueueObserver } from './queue/observer.ts';
import type { CreateQueueService, QueueService } from './queue/queue-service.ts';
import { type AccessLog, createAccessLog } from './telemetry/access-log.ts';
import { createFaultLog, type FaultLog } from './telemetry/fault-log.ts';
import { Metrics } from './telemetry/metrics.ts';
import { createQueueMetrics } from './telemetry/queue-metrics.ts';
import { RequestMetrics } from './telemetry/request-metrics.ts';
import { observeSidecar } from './telemetry/sidecar-gauges.ts';
import type { Traces } from './telemetry/traces.ts';
import { createCallContainer } from './upstream/call.ts';
import { Container } from './upstream/container.ts';
import { ContainerHealth } from './upstream/health.ts';
import { HealthRequests } from './upstream/health-requests.ts';
import { NotReadyWarning } from './upstream/not-ready-warning.ts';
import { WebSockets } from './upstream/websocket.ts';

export interface SidecarDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly createQueueService: CreateQueueService;
  readonly limits?: ConnectionLimits;
  /** Of the program alone; undefined: V8 decides when. */
  readonly collectGarbage?: () => void;
}

/** What the steps of making hand on to each other. */
interface Ground {
  readonly settings: SidecarSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly failed: FaultLog;
  readonly limits: ConnectionLimits;
  readonly idleTimeoutMs: number;
  readonly metrics: Metrics;
  readonly requestMetrics: RequestMetrics;
  readonly accessLog: AccessLog;
  readonly memory: MemoryBudget;
  readonly gate: Gate;
  readonly deadlines: Deadlines;
  readonly container: Container;
  readonly webSockets: WebSockets;
  /** Undefined: nobody wants any. */
  readonly traces: Traces | undefined;
  readonly traffic: TrafficPort;
  /** Undefined: off. */
  readonly cors: Cors | undefined;
  /** The replica ends: what fails now fails for that reason. */
  readonly closing: { isClosing: boolean };
}

export interface SidecarParts extends Ground {
  readonly service: QueueService;
  readonly drain: Drain;
  readonly health: ContainerHealth;
  readonly notReadyWarning: NotReadyWarning;
  readonly keys: ApiKeys | undefined;
  readonly admin: AdminServer;
}

export function createParts(settings: SidecarSettings, deps: SidecarDeps, traces: Traces | undefined): SidecarParts {
  const ground = createGround(settings, deps, traces);
  const { clock, logger, gate, metrics, traffic } = ground;
  const callContainer = createCallContainer(ground.container, clock, ground.memory, settings.maxBodyBytes, {
    refused: (error) => health.reportRefused(error.message),
    failed: ground.failed,
  });
  const service = deps.createQueueService({
    settings,
    clock,
    logger,
    gate,
    callContainer: traces?.ofRuns(callContainer) ?? callContainer,
    probeContainer: () => health.ask(),
    observer: queueObserver(ground),
    finished: () => {
      drain.recheck();
      health.requestLeft();
    },
  });
  const drain = createDrain(ground, service, () => health.isAway);
  const health = createHealth(ground, drain, () => notReadyWarning.stateChanged());
  const notReadyWarning = new NotReadyWarning({
    clock,
    logger,
    state: () => health.state,
    lastAnswer: () => health.lastAnswer,
    waiting: () => gate.waiting,
  });
  const keys = settings.authKeysDir === '' ? undefined : new ApiKeys(settings.authKeysDir, clock, logger);
  const pipeline = assemblePipeline(ground, { service, drain, health, keys });
  traffic.serve({
    ...pipeline,
    failed: ground.failed,
    broken: (error, client) => {
      const answer = answerToBroken(error);
      ground.requestMetrics.refused(answer.problem.code);
      ground.accessLog.broken(answer, client);
      return answer.text;
    },
    dropped: () => metrics.counter('inference_client_connections_refused_total').inc(),
    isDraining: () => drain.isDraining,
  });
  const admin = new AdminServer({
    host: settings.host,
    port: settings.adminPort,
    token: settings.adminToken,
    routes: adminRoutes({ settings, nowMs: () => clock.nowMs(), health, gate, drain, service, metrics }),
    failed: (error, path) => logger.error({ err: error, path }, 'admin path failed'),
  });
  observeSidecar(metrics, { ...ground, drain, health });
  return { ...ground, service, drain, health, notReadyWarning, keys, admin };
}

function createGround(
  settings: SidecarSettings,
  { clock, logger, limits = defaultLimits }: SidecarDeps,
  traces: Traces | undefined,
): Ground {
  const { concurrency, upstream: origin } = settings;
  const idleTimeoutMs = settings.idleTimeoutSeconds * 1000;
  const metrics = new Metrics(settings);
  const failed = createFaultLog(logger);
  const { memoryBudgetBytes, maxBodyBytes } = settings;
  const memory = new MemoryBudget(memoryLimits(memoryBudgetBytes, processMemory().heapLimitBytes, maxBodyBytes));
  return {
    settings,
    clock,
    logger,
    failed,
    limits,
    idleTimeoutMs,
    metrics,
    requestMetrics: new RequestMetrics(metrics),
    accessLog: createAccessLog(logger),
    memory,
    gate: new Gate({ concurrency, maxWaiting: settings.maxQueue, clock }),
    deadlines: new Deadlines(clock, settings.requestTtlSeconds * 1000),
    container: new Container({ origin, idleTimeoutMs, clock, failed }),
    webSockets: new WebSockets({ idleTimeoutMs }),
    traces,
    traffic: new TrafficPort({ limits, maxConnections: settings.maxConnections, idleTimeoutMs }, memory, clock),
    cors: settings.corsAllowedOrigins.length === 0 ? undefined : new Cors(settings),
    closing: { isClosing: false },
  };
}

/** Each end of an accepted request is counted and logged. */
function queueObserver({ metrics, accessLog }: Ground): QueueObserver {
  const queueMetrics = createQueueMetrics(metrics);
  return {
    ...queueMetrics,
    ended: (end) => {
      queueMetrics.ended(end);
      accessLog.acceptedEnded(end);
    },
  };
}

function createDrain(
  { settings, clock, gate, traffic }: Ground,
  service: QueueService,
  isContainerAway: () => boolean,
) {
  const options = { drainMs: settings.drainSeconds * 1000, quietMs: settings.drainQuietSeconds * 1000 };
  return new Drain(options, {
    clock,
    isIdle: () => gate.isIdle && service.running === 0,
    isContainerAway: () => isContainerAway() && gate.inFlight === 0,
    began: () => {
      service.pause();
      // A client that kept a connection for later would come back on it when the container is gone.
      traffic.closeKept();
    },
    ended: () => service.resume(),
    gaveUp: () => service.handBack(),
  });
}

function createHealth(
  { settings, clock, logger, gate }: Ground,
  drain: Drain,
  stateChanged: () => void,
): ContainerHealth {
  const options = {
    url: healthUrlOf(settings),
    periodMs: settings.healthPeriodSeconds * 1000,
    timeoutMs: settings.healthTimeoutSeconds * 1000,
    failureThreshold: settings.healthFailureThreshold,
  };
  const health = new ContainerHealth(options, {
    clock,
    logger,
    isWorking: () => gate.inFlight > 0,
    changed: (state) => {
      if (state === 'healthy') gate.open();
      else gate.close();
      drain.recheck();
      stateChanged();
    },
  });
  if (health.state !== 'healthy') gate.close();
  return health;
}

function assemblePipeline(
  ground: Ground,
  { service, drain, health, keys }: Pick<SidecarParts, 'service' | 'drain' | 'health' | 'keys'>,
): Pipeline {
  const { settings, limits } = ground;
  const requests = new Requests(service.queue, ground.memory, ground.clock);
  return createPipeline({
    settings,
    limits,
    host: exchangeHost(ground, drain, health),
    route: createRouter(settings.name),
    authenticate: keys?.authenticate ?? authenticateNobody,
    server: { cors: ground.cors, wantsKeys: keys !== undefined, requests },
    requests,
    health: new HealthRequests(settings, ground.container, ground.clock, ground.failed),
    acceptance: new Acceptance(service.queue, requests, {
      name: settings.name,
      maxBodyBytes: settings.maxBodyBytes,
      ttlMs: settings.requestTtlSeconds * 1000,
      memory: ground.memory,
      deadlines: ground.deadlines,
      webhookAllowedHosts: settings.webhookAllowedHosts,
    }),
    ways: passageWays(ground, health),
    webSockets: ground.webSockets,
  });
}

function passageWays(ground: Ground, health: ContainerHealth): PassageWays {
  const { settings, container, gate, deadlines, requestMetrics, closing } = ground;
  return {
    container,
    gate,
    deadlines,
    rate: new ServiceRate(settings.concurrency),
    firstToken: (ms) => requestMetrics.firstToken(ms),
    nextToken: (gapMs) => requestMetrics.nextToken(gapMs),
    waitsForRestart: (error) => {
      health.reportRefused(error.message);
      return health.isProbed;
    },
    isClosing: () => closing.isClosing,
  };
}

function exchangeHost(ground: Ground, drain: Drain, health: ContainerHealth): ExchangeHost {
  const { clock, failed, accessLog, requestMetrics, traces, cors } = ground;
  return {
    cors,
    monotonicMs: () => clock.monotonicMs(),
    isDraining: () => drain.isDraining,
    cameForWork: () => {
      if (drain.isClosed) return false;
      drain.arrived();
      return true;
    },
    traceOf: ({ headers }) => traces?.begin(headers.traceparent as string | undefined),
    failed: ({ id }, error) => failed(error, id),
    ended: (exchange) => {
      const durationMs = exchange.elapsedMs();
      requestMetrics.ended(exchange, durationMs);
      accessLog.ended(exchange, durationMs);
      if (exchange.upstreamMs >= 0) health.requestLeft();
      traces?.ended(exchange, durationMs);
      if (drain.isDraining) drain.recheck();
    },
  };
}
