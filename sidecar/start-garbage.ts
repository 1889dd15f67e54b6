// What a start leaves behind, collected once: the text of the program as it was read, code that ran once, memory of a young
// generation that is not filled again for minutes. V8 would not touch it before there is load, and most pods wait for a model then.
import type { Clock } from '../runtime/clock.ts';

/** Started, seen healthy or not, and the first look-ups answered. */
const DELAY_MS = 1_000;

type Collect = (options: { type: 'major'; flavor: 'last-resort' }) => void;

/**
 * Takes tens of milliseconds, so only while nobody is there; who has load from the start is collected by V8 in time. Without
 * `--expose-gc`, as in tests, nothing happens.
 */
export function collectStartGarbage(clock: Clock, isIdle: () => boolean): void {
  const { gc } = globalThis as { gc?: Collect };
  if (gc === undefined) return;
  clock.after(DELAY_MS, () => {
    if (isIdle()) gc({ type: 'major', flavor: 'last-resort' });
  });
}
