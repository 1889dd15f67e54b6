// Interleaved rounds: every subject once a round, in an order that turns, so that a busy minute of the machine hits all alike.

/** Values of each measure, by subject: `{ 'requests/s': { nginx: [..], sidecar: [..] } }`. */
export type Measured<M extends string> = Readonly<Record<M, Readonly<Record<string, readonly number[]>>>>;

export interface RoundsOptions<S extends string, M extends string> {
  readonly subjects: readonly S[];
  readonly measures: readonly M[];
  readonly rounds: number;
  /** Rounds before the first that counts. */
  readonly warmUpRounds?: number;
  readonly progress: (line: string) => void;
  measure(subject: S, round: number): Promise<Readonly<Record<M, number>>>;
}

export async function interleaved<S extends string, M extends string>(
  options: RoundsOptions<S, M>,
): Promise<Measured<M>> {
  const { subjects, measures, rounds, warmUpRounds = 0, progress } = options;
  const measured = Object.fromEntries(
    measures.map((measure) => [measure, Object.fromEntries(subjects.map((subject) => [subject, [] as number[]]))]),
  ) as Record<M, Record<string, number[]>>;
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      const subject = subjects[(turn + round + warmUpRounds) % subjects.length]!;
      progress(round < 0 ? `warming up: ${subject}` : `round ${round + 1}/${rounds}: ${subject}`);
      const values = await options.measure(subject, round);
      if (round < 0) continue;
      for (const measure of measures) measured[measure][subject]?.push(values[measure]);
    }
  }
  return measured;
}
