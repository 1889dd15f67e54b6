// The one logger of a program: JSON lines on stdout through pino. Secrets never reach it: callers log fields, not bodies or headers.
import { write, writeSync } from 'node:fs';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { Clock } from './clock.ts';
import { LogOutput, type Output } from './log-output.ts';

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

/** Standard output for programs that log every request. What is held is written when the process ends, but not when it is killed. */
export function gatheringOutput(clock: Clock): DestinationStream {
  const toStdout = {
    write: (bytes, from, to, done) => write(STDOUT, bytes, from, to - from, null, done),
    writeSync: (bytes, from, to) => writeSync(STDOUT, bytes, from, to - from),
  } satisfies Output;
  const lostLine = (lost: number) =>
    `${JSON.stringify({ level: 'warn', time: new Date(clock.nowMs()), lost, msg: 'log lines are missing here: the output was not read' })}\n`;
  const output = new LogOutput(toStdout, clock, lostLine);
  process.on('exit', () => output.flushSync());
  return output;
}

const STDOUT = 1;
