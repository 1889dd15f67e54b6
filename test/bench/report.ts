// The table on the screen, a line for each subject of each figure, and the same as JSON.
import { cpus, release, totalmem } from 'node:os';
import { type Figure, summarize } from './figure.ts';

export interface Result {
  readonly bench: string;
  readonly title: string;
  readonly figures: readonly Figure[];
}

export function table(result: Result): string {
  const lines = [`\n${result.title}`];
  for (const figure of result.figures) {
    lines.push(`\n  ${figure.name} (${figure.unit})`);
    const width = Math.max(...Object.keys(figure.values).map((subject) => subject.length));
    for (const [subject, values] of Object.entries(figure.values)) {
      const { median, min, max } = summarize(values);
      const shown = (value: number) => number(value, figure.digits);
      const spread = values.length > 1 ? `   ${shown(min)} to ${shown(max)}` : '';
      lines.push(`    ${subject.padEnd(width)}  ${shown(median).padStart(12)}${spread}`);
    }
    for (const goal of figure.goals) {
      lines.push(`    goal: ${goal.text}; it is ${number(goal.reached)}: ${goal.isMet ? 'met' : 'NOT MET'}`);
    }
  }
  return lines.join('\n');
}

export function goalsLine(results: readonly Result[]): string {
  const goals = results.flatMap(({ figures }) => figures.flatMap((figure) => figure.goals));
  return `${goals.filter(({ isMet }) => isMet).length} of ${goals.length} goals met`;
}

export function farOff(results: readonly Result[]): readonly string[] {
  return results.flatMap(({ bench, figures }) =>
    figures.flatMap(({ name, goals }) =>
      goals
        .filter(({ isFarOff }) => isFarOff)
        .map(({ text, reached }) => `${bench}: ${name}: ${text}, it is ${number(reached)}`),
    ),
  );
}

export function asJson(results: readonly Result[], options: Readonly<Record<string, unknown>>): string {
  const [cpu] = cpus();
  const machine = {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    linux: release(),
    node: process.version,
  };
  return `${JSON.stringify({ at: new Date().toISOString(), machine, options, results }, null, 2)}\n`;
}

function number(value: number, digits?: number): string {
  const size = Math.abs(value);
  const shown = digits ?? (size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
  return value.toLocaleString('en', { minimumFractionDigits: shown, maximumFractionDigits: shown });
}
