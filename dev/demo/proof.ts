// A step of the demo is a value: its name, what it claims, and how it shows it. A claim that does not hold ends the demo
// with what was expected and what was seen.
import { Shortfall } from './shortfall.ts';
import type { Stage } from './stage.ts';
import type { Terminal } from './terminal.ts';

export interface Step {
  readonly name: string;
  /** One sentence for the summary: what is known if the step passed. */
  readonly claim: string;
  run(stage: Stage, terminal: Terminal): Promise<void>;
}

export function prove(terminal: Terminal, isTrue: boolean, expected: string, seen: unknown): void {
  if (!isTrue) throw new Shortfall(expected, typeof seen === 'string' ? seen : JSON.stringify(seen));
  terminal.proved(expected);
}

/** Looks again and again until `look` gives a value; says what it saw last when the time is over. */
export async function awaitThat<T>(
  expected: string,
  timeoutMs: number,
  look: () => Promise<{ readonly value: T } | { readonly seen: string }>,
  pauseMs = 250,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if ('value' in found) return found.value;
    if (performance.now() > deadlineMs) {
      throw new Shortfall(`${expected} within ${Math.round(timeoutMs / 1000)} s`, found.seen);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
