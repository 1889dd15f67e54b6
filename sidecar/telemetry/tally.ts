// Counters and histograms that are written for every request: plain numbers per label value, put into prom-client's words
// only when somebody reads them. prom-client's own `inc` and `observe` hash the labels each time, which was a twentieth of
// what a request cost (npm run bench -- --profile).

export type Labels = Readonly<Record<string, string>>;

/** The counts of one series: as many as there are buckets, and one more for what is above them. */
export class Tally {
  readonly labels: Labels;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    this.#sum += value;
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
  }

  /** As a Prometheus histogram: buckets count all that is at most their bound. */
  values(name: string): readonly SeriesValue[] {
    const values: SeriesValue[] = [];
    let count = 0;
    for (const [i, bound] of [...this.#bounds, '+Inf'].entries()) {
      count += this.#counts[i]!;
      values.push({ metricName: `${name}_bucket`, labels: { le: bound, ...this.labels }, value: count });
    }
    values.push({ metricName: `${name}_sum`, labels: this.labels, value: this.#sum });
    values.push({ metricName: `${name}_count`, labels: this.labels, value: count });
    return values;
  }
}

interface SeriesValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What prom-client's registry asks of a histogram. */
export interface ReadHistogram {
  readonly name: string;
  readonly help: string;
  readonly type: 'histogram';
  readonly aggregator: 'sum';
  readonly values: readonly SeriesValue[];
}

/** A histogram of tallies as prom-client's registry takes it. */
export class TalliedHistogram {
  readonly name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Tally>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  /** The series of these labels, there with zero from now on. Kept by who writes it. */
  series(labels: Labels): Tally {
    const key = Object.values(labels).join('\n');
    let tally = this.#series.get(key);
    if (tally === undefined) {
      tally = new Tally(labels, this.#bounds);
      this.#series.set(key, tally);
    }
    return tally;
  }

  async get(): Promise<ReadHistogram> {
    const values = [...this.#series.values()].flatMap((tally) => tally.values(this.name));
    return { name: this.name, help: this.#help, type: 'histogram', aggregator: 'sum', values };
  }
}
