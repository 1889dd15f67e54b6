// Which of the modes a request asks for, and what of its preferences travels on to the container. Pure.
import { type Preference, parsePrefer } from './parse.ts';

/** How a request is served. The values label metrics and log lines. */
export const modes = ['sync', 'async', 'proxy', 'container'] as const;
export type Mode = (typeof modes)[number];

export interface Decision {
  readonly mode: Mode;
  /** `Prefer` lines for the container; undefined: the client's own, unchanged. */
  readonly forwarded: readonly string[] | undefined;
  /** Seconds an async caller wants to wait for the finished response; 0: none. */
  readonly waitSeconds: number;
  /** What `Preference-Applied` answers. */
  readonly applied: string;
}

const modeOfPreference: Readonly<Record<string, Mode>> = {
  'respond-async': 'async',
  'respond-async-proxy': 'proxy',
  'respond-async-container': 'container',
};

const LONGEST_WAIT_SECONDS = 300;
const unchanged: Decision = { mode: 'sync', forwarded: undefined, waitSeconds: 0, applied: '' };

export function decideMode(prefer: string | undefined): Decision {
  if (prefer === undefined) return unchanged;
  const preferences = parsePrefer(prefer);
  const chosen = preferences.find(({ name, value }) => value === '' && Object.hasOwn(modeOfPreference, name));
  if (chosen === undefined) return unchanged;
  const mode = modeOfPreference[chosen.name]!;
  const others = preferences.filter(({ name }) => !Object.hasOwn(modeOfPreference, name) && name !== 'wait');
  const rest = others.map(({ text }) => text).join(', ');
  const forwarded = rest === '' ? [] : [rest];
  // Containers (Cog) compare the whole header with `respond-async`: it gets a line of its own.
  if (mode !== 'async') forwarded.unshift('respond-async');
  const waitSeconds = mode === 'async' ? waitAmong(preferences) : 0;
  const applied = waitSeconds > 0 ? `${chosen.name}, wait=${waitSeconds}` : chosen.name;
  return { mode, forwarded, waitSeconds, applied };
}

/** `wait=N` in seconds, clamped; 0 when absent or not a number. */
export function waitOf(prefer: string | undefined): number {
  return prefer === undefined ? 0 : waitAmong(parsePrefer(prefer));
}

function waitAmong(preferences: readonly Preference[]): number {
  const wait = preferences.find(({ name }) => name === 'wait');
  if (wait === undefined || !/^\d+$/.test(wait.value)) return 0;
  return Math.min(Number(wait.value), LONGEST_WAIT_SECONDS);
}
