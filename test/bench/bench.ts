// What every bench gets and gives: a place to work in, cores, a way to show progress; figures come back.
import type { Figure } from './figure.ts';
import type { Cores, PinnedProcess } from './pinned-process.ts';

export interface BenchContext {
  readonly cores: Cores;
  /** Temporary, removed afterwards. */
  readonly folder: string;
  readonly rounds: number;
  /** Length of one window of measuring. */
  readonly seconds: number;
  /** Only what `--guard` compares: ratios in which no disk has a part, in less than a minute. */
  readonly isGuard: boolean;
  /** Folder for CPU profiles; undefined: none wanted. */
  readonly profileDir: string | undefined;
  progress(line: string): void;
  /** Whatever is started is stopped when the bench ends, also when it fails. */
  use<T extends { stop(): Promise<void> }>(started: T): T;
}

export interface Bench {
  readonly name: string;
  readonly title: string;
  /** Debian packages of the peers. */
  readonly packages: Readonly<Record<string, string>>;
  /** Those of them that `--guard` needs; undefined: the bench has no part in it. */
  readonly guardPackages?: Readonly<Record<string, string>>;
  run(context: BenchContext): Promise<readonly Figure[]>;
}

/** A Node process that is measured, with a CPU profile where one is wanted. */
export function nodeCommand(
  context: BenchContext,
  name: string,
  nodeFlags: readonly string[],
  file: string,
  ...flags: readonly string[]
): readonly string[] {
  const profile =
    context.profileDir === undefined
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${context.profileDir}`, `--cpu-prof-name=${name}.cpuprofile`];
  return [process.execPath, ...nodeFlags, ...profile, file, ...flags];
}

export type Started = PinnedProcess;
