// Builds the queue's running half and wires its parts: store, worker, heartbeat, sweeper. Started, drained and stopped by run.ts.
import { hostname } from 'node:os';
import { reservedPaths } from '../contract.ts';
import { createStore } from '../store/open-store.ts';
import { type Store, StoreError } from '../store/store.ts';
import { Breaker } from './breaker.ts';
import { Heartbeat } from './heartbeat.ts';
import type { QueueService, QueueSurroundings } from './queue-service.ts';
import { StoreQueue } from './store-queue.ts';
import { Sweeper } from './sweeper.ts';
import { pause } from './waiting.ts';
import { Deliverer, defaultRetryDelaysMs } from './webhook/deliverer.ts';
import { Worker } from './worker.ts';

/** Times of the queue that are no settings; tests shorten them. */
export interface QueueTimes {
  readonly sweepPeriodMs: number;
  readonly safetyPollMs: number;
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  readonly breakerThreshold: number;
  readonly breakerFirstPauseMs: number;
  readonly breakerMaxPauseMs: number;
  /** How long a stopping replica still tries to tell the store what became of its work. */
  readonly lastWordMs: number;
  readonly webhookRetryDelaysMs: readonly number[];
}

export const defaultQueueTimes: QueueTimes = {
  sweepPeriodMs: 1000,
  safetyPollMs: 5000,
  firstRetryMs: 1000,
  maxRetryMs: 60_000,
  breakerThreshold: 5,
  breakerFirstPauseMs: 1000,
  breakerMaxPauseMs: 60_000,
  lastWordMs: 5000,
  webhookRetryDelaysMs: defaultRetryDelaysMs,
};

const sweepMax = 200;

interface Running {
  readonly store: Store;
  readonly worker: Worker;
  readonly heartbeat: Heartbeat;
  readonly sweeper: Sweeper;
  readonly deliverer: Deliverer;
  readonly givingUp: AbortController;
  readonly stopListening: () => void;
}

export function createQueueService(around: QueueSurroundings, times: QueueTimes = defaultQueueTimes): QueueService {
  const { settings, clock, logger, observer } = around;
  let running: Running | undefined;
  let isPaused = false;
  const store = (): Store => {
    if (running === undefined) throw new StoreError('the store is not open yet');
    return running.store;
  };
  const queue = new StoreQueue(store, clock, observer, () => running?.sweeper.figures?.departuresPerSecond ?? null);

  async function stop(): Promise<void> {
    if (running === undefined) return;
    const { worker, heartbeat, sweeper, deliverer, givingUp, stopListening } = running;
    stopListening();
    const lastWord = clock.after(times.lastWordMs, () => givingUp.abort(new Error('stopping')));
    await worker.handBack();
    lastWord.cancel();
    heartbeat.stop();
    await sweeper.stop();
    await deliverer.stop();
    await running.store.close();
    running = undefined;
  }

  return {
    queue,
    storeKind: settings.store === '' || settings.store.startsWith('sqlite:') ? 'sqlite' : 'redis',
    get running() {
      return running?.worker.running ?? 0;
    },
    async start() {
      const opened = await openStore(around);
      running = wire(around, times, opened, () => isPaused);
      running.heartbeat.start();
      running.sweeper.start();
      running.deliverer.start();
      if (!isPaused) running.worker.resume();
      logger.info({ store: opened.kind, ...opened.health() }, 'queue is open');
    },
    pause() {
      isPaused = true;
      running?.worker.pause();
    },
    resume() {
      isPaused = false;
      running?.worker.resume();
    },
    async handBack() {
      await running?.worker.handBack();
    },
    stop,
  };
}

async function openStore({ settings, logger, observer }: QueueSurroundings): Promise<Store> {
  const { store: url, storePassword: password, storeCa: ca, dataDir, namespace, name } = settings;
  const store = await createStore(
    { url, password, ca, dataDir, namespace, name },
    {
      retentionMs: settings.resultTtlSeconds * 1000,
      maxQueue: settings.maxQueue,
      maxStoredBytes: settings.maxStoredBytes,
      maxAttempts: settings.maxAttempts,
      sweepMax,
      observer,
      warn: (sentence) => logger.warn({ store: 'redis' }, sentence),
    },
  );
  try {
    await store.open();
  } catch (error) {
    // A file that cannot be opened will not heal by itself. A server may be on its way: sync requests need not wait for it.
    if (store.kind === 'sqlite' || !(error instanceof StoreError)) throw error;
    logger.warn({ err: error }, 'the store does not answer yet; accepting async requests begins when it does');
  }
  return store;
}

function wire(around: QueueSurroundings, times: QueueTimes, store: Store, isLeaving: () => boolean): Running {
  const { settings, clock, logger, gate, callContainer, observer, finished } = around;
  const leaseMs = settings.leaseSeconds * 1000;
  const heartbeat = new Heartbeat(store, clock, leaseMs);
  const sweeper = new Sweeper({ periodMs: times.sweepPeriodMs, sweepMax }, store, clock, observer, logger);
  const givingUp = new AbortController();
  const breaker = new Breaker({
    threshold: times.breakerThreshold,
    firstPauseMs: times.breakerFirstPauseMs,
    maxPauseMs: times.breakerMaxPauseMs,
    probe: around.probeContainer ?? (() => Promise.resolve(true)),
    wait: (delayMs, signal) => pause(clock, delayMs, signal),
    changed: (state) => {
      observer.breaker(state);
      logger.warn({ state }, 'breaker');
    },
  });
  const worker: Worker = new Worker(
    {
      name: `${hostname()}/${process.pid}`,
      leaseMs,
      safetyPollMs: times.safetyPollMs,
      storeAwayDelayMs: 500,
    },
    {
      store,
      clock,
      heartbeat,
      gate,
      breaker,
      callContainer,
      observer,
      logger,
      finished,
      givingUp: givingUp.signal,
      isLeaving,
      retry: { maxAttempts: settings.maxAttempts, firstDelayMs: times.firstRetryMs, maxDelayMs: times.maxRetryMs },
      containerAnswered: () => breaker.succeeded(),
      containerFailed: () => breaker.failed(),
      sweepSoon: () => sweeper.soon(),
      workDueIn: (delayMs) => clock.after(delayMs, () => worker.workArrived()),
    },
  );
  const stopListening = store.onWork(() => worker.workArrived());
  const deliverer = createDeliverer(around, times, store);
  return { store, worker, heartbeat, sweeper, deliverer, givingUp, stopListening };
}

function createDeliverer(around: QueueSurroundings, times: QueueTimes, store: Store): Deliverer {
  const { settings, clock, logger, observer } = around;
  const { webhookAllowedHosts: allowedHosts, webhookSecretsDir: secretsDir, name } = settings;
  if (allowedHosts.length > 0 && secretsDir === '') {
    logger.warn('webhooks are not signed: set SIDECAR_WEBHOOK_SECRETS_DIR');
  }
  return new Deliverer(
    {
      allowedHosts,
      secretsDir,
      resultPath: `${reservedPaths.result}/${name}`,
      retryDelaysMs: times.webhookRetryDelaysMs,
      timeoutMs: 15_000,
      pollMs: 10_000,
    },
    store,
    clock,
    logger,
    observer,
  );
}
