// What a start leaves behind, collected once: the text of the program as it was read, code that ran once, memory of a young
// generation that is not filled again for minutes. V8 would not touch it before there is load, and most pods wait for a model then.
import type { Clock } from '../runtime/clock.ts';

/** Started, seen healthy or not, and the first look-ups answered. */
const DELAY_MS = 1_000;

/** Takes tens of milliseconds, so only while nobody is there; who has load from the start is collected by V8 in time. */
export function collectStartGarbage(clock: Clock, isIdle: () => boolean, collect: () => void): void {
  clock.after(DELAY_MS, () => {
    if (isIdle()) collect();
  });
}

/**
 * V8 lends its collector to contexts that are made while it is told to. Told at the start, by `--expose-gc`, it would not take Node's
 * own modules from Node's cache but compile them, which is a seventh of the start.
 */
export function collectGarbage(): void {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  setFlagsFromString('--expose-gc');
  const gc = process.getBuiltinModule('node:vm').runInNewContext('gc') as NodeJS.GCFunction;
  setFlagsFromString('--no-expose-gc');
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
