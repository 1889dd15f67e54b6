// The small part of JSONPath that definitions use: `.a.b`, `.a['b.c']`, `.list[0]`, `.list[?(@.key=="value")].field`, `.list[*].x`.
import { isFields } from './objects.ts';

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'every' }
  | { readonly kind: 'filter'; readonly field: readonly string[]; readonly value: string };

const STEP =
  /\.([A-Za-z_$][\w$-]*(?:\\\.[\w$-]+)*)|\['([^']*)'\]|\["([^"]*)"\]|\[(-?\d+)\]|\[\*\]|\[\?\(@((?:\.[\w-]+)+)\s*==\s*["']?([^"')]*)["']?\)\]/y;

export function parseJsonPath(path: string): Step[] | undefined {
  const text = path.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '');
  const steps: Step[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text);
    if (match === null) return undefined;
    const name = match[1]?.replaceAll('\\.', '.') ?? match[2] ?? match[3];
    if (name !== undefined) steps.push({ kind: 'field', name });
    else if (match[4] !== undefined) steps.push({ kind: 'index', index: Number(match[4]) });
    else if (match[5] !== undefined)
      steps.push({ kind: 'filter', field: match[5].split('.').slice(1), value: match[6] ?? '' });
    else steps.push({ kind: 'every' });
  }
  return steps;
}

/** All values a path finds; an empty list where a step leads nowhere. */
export function readJsonPath(value: unknown, steps: readonly Step[]): unknown[] {
  let found: unknown[] = [value];
  for (const step of steps) found = found.flatMap((one) => follow(one, step));
  return found;
}

function follow(value: unknown, step: Step): unknown[] {
  if (step.kind === 'field') return isFields(value) && value[step.name] !== undefined ? [value[step.name]] : [];
  if (step.kind === 'every') return Array.isArray(value) ? value : isFields(value) ? Object.values(value) : [];
  if (!Array.isArray(value)) return [];
  if (step.kind === 'index') return value.at(step.index) === undefined ? [] : [value.at(step.index)];
  return value.filter((item) => {
    let here: unknown = item;
    for (const name of step.field) here = isFields(here) ? here[name] : undefined;
    return here !== undefined && String(here) === step.value;
  });
}
