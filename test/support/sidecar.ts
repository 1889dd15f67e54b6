// A sidecar in this process before a sample model server, both on free ports: the same `run` that main.ts calls.
// For tests that look inside the request's path; sidecar-program.ts starts it as a process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';
import type { ModelServerSettings } from '../../dev/model-server/settings.ts';
import { systemClock } from '../../runtime/clock.ts';
import { environmentName } from '../../runtime/settings.ts';
import { readSidecarSettings } from '../../sidecar/config.ts';
import { SETTINGS_PREFIX, type SidecarSettingName, type SidecarStats } from '../../sidecar/contract.ts';
import { type ConnectionLimits, defaultLimits } from '../../sidecar/ingress/limits.ts';
import { createQueueService } from '../../sidecar/queue/create-queue.ts';
import type { CreateQueueService } from '../../sidecar/queue/queue-service.ts';
import { run } from '../../sidecar/run.ts';
import { eventually } from './eventually.ts';

export interface TestSidecar {
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly model: ModelServer;
  /** Log lines so far. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  stats(): Promise<SidecarStats>;
  /** Waits until the figures of /stats are as wanted. */
  until(check: (stats: SidecarStats) => boolean): Promise<SidecarStats>;
  /** Begins the shutdown, as SIGTERM does, and waits for its end. */
  stop(): Promise<void>;
  /** Stops sidecar and model server, whatever is still inside. For afterEach. */
  close(): Promise<void>;
}

export interface SidecarSetup {
  readonly settings?: Partial<Record<SidecarSettingName, string | number>>;
  readonly model?: Partial<ModelServerSettings>;
  readonly limits?: Partial<ConnectionLimits>;
  /** The queue with other times, or watched. */
  readonly queueService?: CreateQueueService;
  /** Do not wait until it is ready: the container is not, by intention. */
  readonly isUnready?: boolean;
}

export async function startSidecar({
  settings = {},
  model: modelSettings = {},
  limits = {},
  queueService = createQueueService,
  isUnready,
}: SidecarSetup = {}) {
  const model = await startModelServer(modelSettings);
  const directory = mkdtempSync(join(tmpdir(), 'test-sidecar-'));
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: 'info', base: null }, { write: (line: string) => log.push(JSON.parse(line)) });
  const stopping = new AbortController();
  const sidecar = await run(
    stopping.signal,
    readSidecarSettings(environment({ upstream: model.url, dataDir: directory, ...settings }), []),
    { clock: systemClock, logger, createQueueService: queueService, limits: { ...defaultLimits, ...limits } },
  );
  const adminUrl = `http://127.0.0.1:${sidecar.adminPort}`;
  const stats = async () => (await (await fetch(`${adminUrl}/stats`)).json()) as SidecarStats;
  const stop = () => {
    stopping.abort();
    return sidecar.stopped;
  };
  const test: TestSidecar = {
    url: `http://127.0.0.1:${sidecar.trafficPort}`,
    port: sidecar.trafficPort,
    adminUrl,
    model,
    log,
    stats,
    until: (check) =>
      eventually(async () => {
        const now = await stats();
        if (!check(now)) throw new Error(`not yet: ${JSON.stringify(now)}`);
        return now;
      }),
    stop,
    async close() {
      await model.close();
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  if (!isUnready) await eventually(async () => (await fetch(`${adminUrl}/ready`)).status === 200);
  return test;
}

/** Behind a request that keeps the slot: more and more callers join the line, until one is refused. */
export async function lineUntilRefused({ url, until }: TestSidecar) {
  const waiting: Promise<Response>[] = [];
  for (;;) {
    const next = fetch(`${url}/echo`);
    const joins = until((stats) => stats.waiting > waiting.length).then(() => undefined);
    const refused = await Promise.race([next, joins]);
    joins.catch(() => undefined);
    if (refused !== undefined) return { waiting, refused };
    waiting.push(next);
  }
}

const defaults = {
  name: 'demo',
  host: '127.0.0.1',
  port: 0,
  adminPort: 0,
  healthPeriodSeconds: 1,
  drainQuietSeconds: 0,
  drainSeconds: 20,
} as const;

function environment(settings: Readonly<Record<string, string | number>>): Record<string, string> {
  const all = Object.entries({ ...defaults, ...settings });
  return Object.fromEntries(all.map(([name, value]) => [environmentName(SETTINGS_PREFIX, name), String(value)]));
}
