// Whether a soak shows growth. Pure. Memory is judged as a trend after the warm-up: the last third of the samples against the
// middle one. The first third is left out: code is compiled, caches fill, and records pile up until the first retention is over.
import type { Figures } from './figures.ts';

/** A leak grows without end; what is left of chance between two medians of dozens of samples is less than this. */
const MOST_GROWTH = 0.1;
/** Fewer samples than this make no trend. */
const LEAST_SAMPLES = 9;

export interface Trend {
  readonly before: number;
  readonly after: number;
}

export function trendOf(samples: readonly Figures[], figure: (sample: Figures) => number): Trend {
  const third = Math.floor(samples.length / 3);
  return {
    before: median(samples.slice(third, 2 * third).map(figure)),
    after: median(samples.slice(-third).map(figure)),
  };
}

/** What is wrong, in sentences; none: nothing grew. */
export function growth(samples: readonly Figures[]): readonly string[] {
  if (samples.length < LEAST_SAMPLES) {
    return [`${samples.length} samples make no trend: let it run longer`];
  }
  const complaints: string[] = [];
  for (const [what, figure] of [
    ['memory held', (sample: Figures) => sample.heldMiB],
    ['memory occupied', (sample: Figures) => sample.rssMiB],
    ['the number of descriptors', (sample: Figures) => sample.descriptors],
  ] as const) {
    const { before, after } = trendOf(samples, figure);
    if (after > before * (1 + MOST_GROWTH)) {
      complaints.push(`${what} grew from ${before.toFixed(1)} to ${after.toFixed(1)} (middle third to last third)`);
    }
  }
  return complaints;
}

/** Of a sidecar that nobody uses any more. `first`: before the traffic began. */
export function leftBehind(atRest: Figures, first: Figures): readonly string[] {
  const { inFlight, waiting, queued, running, connections } = atRest;
  const complaints: string[] = [];
  for (const [what, count] of Object.entries({ inFlight, waiting, queued, running, connections })) {
    if (count !== 0) complaints.push(`${what} is ${count} with nobody there`);
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
