// The sidecar's life: parts started in order, a drain when the signal aborts, parts stopped in reverse.
// main.ts and the tests both call `run`.
import { isLoopback } from '../runtime/admin-server.ts';
import { guardedClock } from '../runtime/boundary.ts';
import { type Part, startAll } from '../runtime/lifecycle.ts';
import type { SidecarSettings } from './contract.ts';
import { createParts, type SidecarDeps, type SidecarParts } from './parts.ts';
import { collectStartGarbage } from './start-garbage.ts';
import { openTraces } from './telemetry/traces.ts';

export interface RunningSidecar {
  readonly trafficPort: number;
  readonly adminPort: number;
  /** Resolves when the sidecar has drained and stopped after its signal aborted. */
  readonly stopped: Promise<void>;
}

const OPEN_TO_ALL =
  'no API keys are configured: whoever reaches the traffic port may send requests; --auth-keys-dir asks for keys, --host 127.0.0.1 ' +
  'listens on loopback only';

/** Resolves when the sidecar serves. It drains and stops when the signal aborts. */
export async function run(signal: AbortSignal, settings: SidecarSettings, given: SidecarDeps): Promise<RunningSidecar> {
  const { logger } = given;
  const timerFailed = (error: unknown) => logger.error({ err: error }, 'a fault of the sidecar itself in a timer');
  const deps = { ...given, clock: guardedClock(given.clock, timerFailed) };
  const parts = createParts(settings, deps, await openTraces(settings, deps));
  const { drain, traffic, admin, gate, service, clock } = parts;
  const running = await startAll(inOrder(parts));
  const stopped = untilAborted(signal).then(async () => {
    logger.info('draining');
    drain.shutDown();
    const isDone = await drain.waitUntilDone(new AbortController().signal);
    if (!isDone) logger.warn('still busy after drainSeconds: what is left is given up');
    await running.stop();
    logger.info('stopped');
  });
  const { collectGarbage } = deps;
  if (collectGarbage !== undefined)
    collectStartGarbage(clock, () => gate.isIdle && service.running === 0, collectGarbage);
  logger.info({ trafficPort: traffic.port, adminPort: admin.port }, 'serving');
  if (settings.authKeysDir === '' && !isLocal(settings.host)) logger.info(OPEN_TO_ALL);
  return { trafficPort: traffic.port, adminPort: admin.port, stopped };
}

const isLocal = (host: string): boolean => host === 'localhost' || isLoopback(host);

/** Probes are answered first and last; traffic comes when everything behind it is there. */
function inOrder(parts: SidecarParts): readonly Part[] {
  const { settings, service, health, notReadyWarning, keys, admin, traces, traffic } = parts;
  return [
    ...(traces === undefined ? [] : [{ name: 'traces', stop: () => traces.close() }]),
    admin,
    { name: 'queue', start: () => service.start(), stop: () => service.stop() },
    { name: 'health', start: () => health.start(), stop: () => health.stop() },
    notReadyWarning,
    ...(keys === undefined ? [] : [keys]),
    {
      name: 'traffic port',
      start: () => traffic.listen(settings.host, settings.port),
      stop: () => traffic.close(() => giveUp(parts)),
    },
  ];
}

/** Who is still here after the drain: in line and inside are told so, long polls answered, streams and WebSockets end. */
async function giveUp({ closing, gate, service, container, webSockets, deadlines }: SidecarParts): Promise<void> {
  closing.isClosing = true;
  gate.dismissAll();
  service.queue.endWaits();
  container.close();
  webSockets.closeAll();
  deadlines.stop();
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
