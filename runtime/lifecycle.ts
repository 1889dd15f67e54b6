// Starts a program's parts in order and stops those that started in reverse, also when a later one fails to start. Says when to stop.
import type { Logger } from './logger.ts';

export interface Part {
  readonly name: string;
  start?(): Promise<void> | void;
  stop?(): Promise<void> | void;
}

export interface Running {
  /** Stops all parts in reverse order; later calls wait for the first. Throws an AggregateError if parts failed to stop. */
  stop(): Promise<void>;
}

/** Starts the parts in order; if one fails, stops those already started and rethrows. */
export async function startAll(parts: readonly Part[]): Promise<Running> {
  const started: Part[] = [];
  try {
    for (const part of parts) {
      started.push(part);
      await part.start?.();
    }
  } catch (error) {
    started.pop();
    await stopAll(started).catch(() => undefined);
    throw error;
  }
  let stopping: Promise<void> | undefined;
  return {
    stop() {
      stopping ??= stopAll(started);
      return stopping;
    },
  };
}

async function stopAll(parts: readonly Part[]): Promise<void> {
  const failures: unknown[] = [];
  for (const part of [...parts].reverse()) {
    try {
      await part.stop?.();
    } catch (error) {
      failures.push(new Error(`${part.name} did not stop cleanly`, { cause: error }));
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'not everything stopped cleanly');
}

/** A program that goes on failing while it ends is not fit to end in order. */
const MAX_FAULTS = 10;

/**
 * Aborts on SIGTERM or SIGINT; a second signal ends the process at once: the person means it. It is also the last resort for what
 * nobody caught, thrown or rejected: logged with its stack, and the program ends in order, but with exit code 1.
 */
export function terminationSignal(log: Logger): AbortSignal {
  const controller = new AbortController();
  let faults = 0;
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ err: error, origin }, 'nobody caught this: the program ends in order, and is to be started again');
    process.exitCode = 1;
    if (++faults >= MAX_FAULTS) process.exit();
    controller.abort(error);
  });
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Error(name));
    });
  }
  return controller.signal;
}
