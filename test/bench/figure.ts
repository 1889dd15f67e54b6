// What a bench brings home: for each figure the values of each subject, a round each, and the goal it is held to.

export interface Figure {
  /** For example "requests/s, 16 connections". */
  readonly name: string;
  readonly unit: string;
  /** Subject ("sidecar", "nginx") to one value a round. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  readonly goals: readonly Goal[];
  /** Digits after the point; as many as the size of the number asks for where it is left out. */
  readonly digits?: number;
}

export interface Goal {
  /** For example "at least 2 times http-proxy". */
  readonly text: string;
  readonly reached: number;
  readonly isMet: boolean;
  /**
   * Less than a fifth of what is wanted, or more than twice what is allowed: a regression on any machine. For `--guard`.
   * Throughput has the wider margin because rounds of one second scatter by a factor of two; CPU does not.
   */
  readonly isFarOff: boolean;
}

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new Error('nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: sorted[0]!, max: sorted.at(-1)! };
}

/** Of sorted values, between the two neighbours. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)]!;
  return below + (sorted[Math.ceil(place)]! - below) * (place % 1);
}

type Values = Figure['values'];
const median = (values: Values, subject: string): number => summarize(values[subject] ?? []).median;

export function atLeastTimes(values: Values, subject: string, peer: string, factor: number): Goal {
  return atLeast(`at least ${factor} x ${peer}`, median(values, subject) / median(values, peer), factor);
}

export function atMostTimes(values: Values, subject: string, peer: string, factor: number): Goal {
  return noMoreThan(`at most ${factor} x ${peer}`, median(values, subject) / median(values, peer), factor);
}

export function atMostAbove(values: Values, subject: string, peer: string, amount: number): Goal {
  return noMoreThan(`at most ${peer} + ${amount}`, median(values, subject) - median(values, peer), amount);
}

export function atMost(values: Values, subject: string, limit: number): Goal {
  return noMoreThan(`at most ${limit}`, median(values, subject), limit);
}

export function atLeast(text: string, reached: number, limit: number): Goal {
  return { text, reached, isMet: reached >= limit, isFarOff: reached < limit / 5 };
}

export function noMoreThan(text: string, reached: number, limit: number): Goal {
  return { text, reached, isMet: reached <= limit, isFarOff: reached > limit * 2 };
}
