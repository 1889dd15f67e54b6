// `npm run bench [name ...] [-- --rounds 8 --seconds 2 --profile]`: measures, shows a table, keeps the JSON in bench-results/.
// Exit code 0 unless something could not be measured; a goal that is not met is a finding, not a failure.
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
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '2' },
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
const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const resultsDir = join(projectDir, 'bench-results');
mkdirSync(resultsDir, { recursive: true });
installMissing(chosen);

const results: Result[] = [];
const failures: string[] = [];
for (const bench of chosen) {
  try {
    const figures = await runBench(bench);
    const result = { bench: bench.name, title: bench.title, figures };
    results.push(result);
    progress('');
    console.log(table(result));
  } catch (error) {
    progress('');
    failures.push(bench.name);
    console.error(`\n${bench.title}: could not be measured`, error);
  }
}
const file = join(resultsDir, `${new Date().toISOString().replaceAll(':', '-')}.json`);
writeFileSync(file, asJson(results, { ...values, benches: chosen.map(({ name }) => name) }));
console.log(`\n${goalsLine(results)}; kept in ${file}`);
if (failures.length > 0) console.error(`could not be measured: ${failures.join(', ')}`);
// For CI: ratios that are off by more than half are a regression on any machine, however busy.
const regressions = values.guard ? farOff(results) : [];
if (regressions.length > 0) console.error(`far from its goal:\n  ${regressions.join('\n  ')}`);
process.exit(failures.length + regressions.length > 0 ? 1 : 0);

async function runBench(bench: Bench) {
  const folder = mkdtempSync(join(tmpdir(), `bench-${bench.name}-`));
  const started: { stop(): Promise<void> }[] = [];
  const context: BenchContext = {
    cores: chooseCores(),
    folder,
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
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
