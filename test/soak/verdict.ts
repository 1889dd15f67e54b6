// Whether a soak shows growth, passed the memory limit, or left something behind. Pure. Memory is judged as a trend after the warm-up. The first third of the samples is left out:
// code is compiled, caches fill, and records pile up until the first retention is over. A leak then grows in every stretch of
// the rest; a single step is an allocator that took more at a busy moment and keeps it.
import type { Figures } from './figures.ts';

const STRETCHES = 4;
/** What is left of chance between two medians of dozens of samples is less than this. */
const MOST_GROWTH = 0.1;
const LEAST_STEP = 0.005;
/** Fewer samples than this make no trend. */
const LEAST_SAMPLES = 12;

/** Medians of the stretches after the warm-up, in order. */
export function trendOf(samples: readonly Figures[], figure: (sample: Figures) => number): readonly number[] {
  const warm = samples.slice(Math.floor(samples.length / 3)).map(figure);
  const length = warm.length / STRETCHES;
  return Array.from({ length: STRETCHES }, (_, i) =>
    median(warm.slice(Math.round(i * length), Math.round((i + 1) * length))),
  );
}

/** Whether there are enough samples to judge growth by. */
export function hasTrend(samples: readonly Figures[]): boolean {
  return samples.length >= LEAST_SAMPLES;
}

/** What is wrong, in sentences; none: nothing grew. */
export function growth(samples: readonly Figures[]): readonly string[] {
  if (!hasTrend(samples)) {
    return [`${samples.length} samples make no trend: let it run longer`];
  }
  const complaints: string[] = [];
  for (const [what, figure] of [
    ['memory held', (sample: Figures) => sample.heldMiB],
    ['memory occupied', (sample: Figures) => sample.rssMiB],
    ['the number of descriptors', (sample: Figures) => sample.descriptors],
  ] as const) {
    const trend = trendOf(samples, figure);
    if (isGrowing(trend)) complaints.push(`${what} grew: ${inWords(trend)}`);
  }
  return complaints;
}

function isGrowing(trend: readonly number[]): boolean {
  const isSteady = trend.every((value, i) => i === 0 || value > trend[i - 1]! * (1 + LEAST_STEP));
  return isSteady && trend.at(-1)! > trend[0]! * (1 + MOST_GROWTH);
}

export function inWords(trend: readonly number[]): string {
  return trend.map((value) => value.toFixed(1)).join(', ');
}

/** Of the most memory that was in use at a time. A kernel that holds the limit kills the process. */
export function beyondLimit(peakMiB: number, limitMiB: number): readonly string[] {
  return peakMiB <= limitMiB ? [] : [`${peakMiB.toFixed(0)} MiB in use at a time, the limit is ${limitMiB} MiB`];
}

/** Of a sidecar that nobody uses any more. `first`: before the traffic began. */
export function leftBehind(atRest: Figures, first: Figures): readonly string[] {
  const { inFlight, waiting, queued, running, connections } = atRest;
  const complaints: string[] = [];
  for (const [what, count] of Object.entries({ inFlight, waiting, queued, running, connections })) {
    if (count !== 0) complaints.push(`${what} is ${count} with nobody there`);
  }
  if (atRest.budgetUsedBytes > first.budgetUsedBytes) {
    complaints.push(
      `${atRest.budgetUsedBytes} bytes of the memory budget taken at rest, ${first.budgetUsedBytes} before the traffic`,
    );
  }
  // Two of the look itself.
  if (atRest.descriptors > first.descriptors + 2) {
    complaints.push(`${atRest.descriptors} descriptors at rest, ${first.descriptors} before the traffic`);
  }
  return complaints;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
