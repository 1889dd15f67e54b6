// Log lines for a person at a terminal: time, level and message first, then the fields. Everywhere else lines are JSON.
// Not pino-pretty: it brings twenty packages, which the images would carry for a case that they never meet.
import type { DestinationStream } from 'pino';

/** What every line says of its program, or is shown elsewhere in the line. */
const NOT_FIELDS: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'program', 'log', 'err']);

/** A destination for pino that writes readable lines. */
export function terminalLog(write: (text: string) => void): DestinationStream {
  return { write: (line) => write(readable(line)) };
}

function readable(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown>;
  const time = typeof entry.time === 'string' ? new Date(entry.time).toTimeString().slice(0, 8) : '';
  const fields = Object.entries(entry)
    .filter(([name]) => !NOT_FIELDS.has(name))
    .map(([name, value]) => `  ${name}=${shown(value)}`);
  return `${time} ${String(entry.level).toUpperCase().padEnd(5)} ${entry.msg ?? ''}${fields.join('')}${stackOf(entry.err)}\n`;
}

/** JSON, so that no value can end the line or look like another field; plain words without quotes. */
function shown(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@%+-]+$/.test(value) ? value : JSON.stringify(value);
}

function stackOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, message } = error as { readonly stack?: string; readonly message?: string };
  return `\n  ${(stack ?? message ?? '').replaceAll('\n', '\n  ')}`;
}
