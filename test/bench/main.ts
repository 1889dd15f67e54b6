// `npm run bench [name ...] [-- --rounds 8 --seconds 2 --profile]`: measures, shows a table, keeps the JSON in bench-results/.
// Exit code 0 unless something could not be measured; a goal that is not met is a finding, not a failure.
// `--guard`, for CI: a choice of it in less than a minute; exit code 1 where a ratio is far off its goal, and again when measured longer.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectDir } from '../../dev/bundle.ts';
import type { Bench, BenchContext } from './bench.ts';
import { benches } from './benches.ts';
import { installMissing } from './peers.ts';
import { chooseCores } from './pinned-process.ts';
import { asJson, farOff, goalsLine, type Result, table } from './report.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    profile: { type: 'boolean', default: false },
    guard: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const names = benches.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no bench ${unknown.join(', ')}.`);
  console.log(benches.map(({ name, title }) => `${name.padEnd(10)} ${title}`).join('\n'));
  process.exit(unknown.length > 0 ? 2 : 0);
}
const rounds = Number(values.rounds ?? (values.guard ? 4 : 8));
const seconds = Number(values.seconds ?? (values.guard ? 1 : 2));
const chosen = benches.filter(
  ({ name, guardPackages }) =>
    (positionals.length === 0 || positionals.includes(name)) && (!values.guard || guardPackages !== undefined),
);
const resultsDir = join(projectDir, 'bench-results');
mkdirSync(resultsDir, { recursive: true });
installMissing(chosen.map((bench) => (values.guard ? bench.guardPackages : bench.packages) ?? {}));

let { results, failures } = await measure(chosen, rounds);
if (values.guard) {
  const doubtful = chosen.filter(({ name }) => failures.includes(name) || isFarOff(name));
  if (doubtful.length > 0) {
    console.error(`\nagain, longer: ${doubtful.map(({ name }) => name).join(', ')}`);
    const again = await measure(doubtful, rounds * 2);
    const names = doubtful.map(({ name }) => name);
    results = [...results.filter(({ bench }) => !names.includes(bench)), ...again.results];
    failures = again.failures;
  }
}
const file = join(resultsDir, `${new Date().toISOString().replaceAll(':', '-')}.json`);
const options = { ...values, rounds, seconds, benches: chosen.map(({ name }) => name) };
writeFileSync(file, asJson(results, options));
console.log(`\n${goalsLine(results)}; kept in ${file}`);
if (failures.length > 0) console.error(`could not be measured: ${failures.join(', ')}`);
const regressions = values.guard ? farOff(results) : [];
if (regressions.length > 0) console.error(`far from its goal:\n  ${regressions.join('\n  ')}`);
process.exit(failures.length + regressions.length > 0 ? 1 : 0);

function isFarOff(name: string): boolean {
  return farOff(results.filter(({ bench }) => bench === name)).length > 0;
}

async function measure(some: readonly Bench[], roundsEach: number) {
  const measured: Result[] = [];
  const failed: string[] = [];
  for (const bench of some) {
    try {
      const figures = await runBench(bench, roundsEach);
      const result = { bench: bench.name, title: bench.title, figures };
      measured.push(result);
      progress('');
      console.log(table(result));
    } catch (error) {
      progress('');
      failed.push(bench.name);
      console.error(`\n${bench.title}: could not be measured`, error);
    }
  }
  return { results: measured, failures: failed };
}

async function runBench(bench: Bench, roundsEach: number) {
  // About as short as the paths in a pod: long ones are work enough at the start for V8 to load its compiler, 2 MiB of Node's pages.
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const started: { stop(): Promise<void> }[] = [];
  const context: BenchContext = {
    cores: chooseCores(),
    folder,
    rounds: roundsEach,
    seconds,
    isGuard: values.guard,
    profileDir: values.profile ? resultsDir : undefined,
    progress: (line) => progress(`${bench.name}: ${line}`),
    use: (part) => {
      started.push(part);
      return part;
    },
  };
  try {
    return await bench.run(context);
  } finally {
    for (const part of started.reverse()) await part.stop().catch((error: unknown) => console.error(error));
    rmSync(folder, { recursive: true, force: true });
  }
}

function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else if (line !== '') process.stderr.write(`${line}\n`);
}
