// Reads the documentation of the chart's values from the comments of values.yaml: a `# -- text` line above a value.
import { parse } from 'yaml';

export interface ChartValue {
  /** For example redis.tls.enabled. */
  readonly path: string;
  readonly description: string;
  readonly fallback: unknown;
}

/** The documented values in the order of the file. */
export function documentedValues(valuesYaml: string): readonly ChartValue[] {
  const values: unknown = parse(valuesYaml);
  const documented: ChartValue[] = [];
  const parents: string[] = [];
  let description: string | undefined;
  for (const line of valuesYaml.split('\n')) {
    const comment = /^ *# -- (?<text>.+)$/.exec(line)?.groups?.text;
    const entry = /^(?<indent> *)(?<key>[A-Za-z]+):/.exec(line)?.groups;
    if (comment !== undefined) {
      description = comment;
    } else if (entry !== undefined) {
      const depth = (entry.indent ?? '').length / 2;
      parents.splice(depth, parents.length, entry.key ?? '');
      if (description !== undefined) {
        documented.push({ path: parents.join('.'), description, fallback: valueAt(values, parents) });
      }
      description = undefined;
    }
  }
  return documented;
}

/** Paths of everything that is not a map, and of empty maps: what a person can set. */
export function settablePaths(value: unknown, prefix = ''): readonly string[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isMap) return [prefix];
  return Object.entries(value).flatMap(([key, child]) =>
    settablePaths(child, prefix === '' ? key : `${prefix}.${key}`),
  );
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>>)[key], values);
}
