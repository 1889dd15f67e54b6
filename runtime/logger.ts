// The one logger of a program: JSON lines on stdout through pino. Secrets never reach it: callers log fields, not bodies or headers.
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export function createLogger(program: string, level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { program },
    timestamp: isoTime(),
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** One text for all lines of a millisecond: to format a date costs as much as the rest of a line. */
function isoTime(): () => string {
  let atMs = 0;
  let text = '';
  return () => {
    const nowMs = Date.now();
    if (nowMs !== atMs) {
      atMs = nowMs;
      text = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return text;
  };
}

/** How long a line may wait for others to be written with it. */
const LONGEST_HOLD_MS = 100;

/**
 * Standard output for programs that log every request: lines go out together, since a system call a line costs more than
 * the line. What is held is written when the process ends, but not when it is killed.
 */
export function gatheringOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: 15 * 1024, periodicFlush: LONGEST_HOLD_MS });
}
