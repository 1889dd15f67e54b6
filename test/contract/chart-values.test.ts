// Every value of the chart is documented, in the schema, and used; nothing else is accepted.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { documentedValues, settablePaths } from '../../dev/docs/chart-values.ts';
import { logLevels } from '../../runtime/logger.ts';
import { chartDir, type Rendered, refusal } from '../support/chart.ts';

const text = readFileSync(join(chartDir, 'values.yaml'), 'utf8');
const values = parse(text);
const schema: Rendered = JSON.parse(readFileSync(join(chartDir, 'values.schema.json'), 'utf8'));
const documented = documentedValues(text);

/** What a chart that has this one as a dependency may set: a condition, and values for all its charts. */
const ofParents = ['global', 'enabled'];

it('documents every value, a map of free keys as one', () => {
  const paths = documented.map(({ path }) => path);
  const undocumented = settablePaths(values).filter(
    (path) => !paths.some((known) => path === known || path.startsWith(`${known}.`)),
  );
  expect(undocumented).toEqual([]);
  for (const { path, description } of documented) expect(description, path).toMatch(/^(?:[A-Z1]|trace).*[.)]$/);
});

it('has every documented value in the schema, and no value in the schema that is not documented', () => {
  const inSchema = leaves(schema).filter((path) => !ofParents.includes(path));
  const below = documented.map(({ path }) => path);
  expect(inSchema.filter((path) => !below.some((known) => path === known || path.startsWith(`${known}.`)))).toEqual([]);
  expect(below.filter((path) => !inSchema.some((known) => known === path || known.startsWith(`${path}.`)))).toEqual([]);
});

it('takes exactly the log levels that the programs have', () => {
  expect(schema.definitions.logLevel.enum).toEqual(logLevels);
});

it('uses every value in a template', () => {
  const templates = readdirSync(join(chartDir, 'templates'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
  // Parts of an image are read through a map that is handed on.
  const used = (path: string) =>
    templates.includes(`.Values.${path}`) ||
    (/\.image\.\w+$/.test(path) && templates.includes(`.Values.${path.replace(/\.\w+$/, '')}`)) ||
    // Handed on whole, as JSON.
    path.startsWith('policy.') ||
    ['auth', 'tls'].some((group) => path.startsWith(`redis.${group}.`) && templates.includes(`.Values.${path}`));
  expect(documented.map(({ path }) => path).filter((path) => !used(path))).toEqual([]);
});

it.each([
  ['a misspelt value', { operator: { replcas: 3 } }, "'replcas' not allowed"],
  ['a value of the wrong type', { crds: { keep: 'yes' } }, '/crds/keep'],
  ['an unknown fsync policy', { redis: { appendfsync: 'never' } }, "'always', 'everysec', 'no'"],
  ['two stores at once', { externalRedis: { url: 'redis://x' } }, 'set redis.enabled=false to use your own Redis'],
  [
    'an address and a Secret at once',
    { redis: { enabled: false }, externalRedis: { url: 'redis://x', existingSecret: 'y' } },
    'keep one of them',
  ],
])('refuses %s and names it', async (_, wrong, words) => {
  expect(await refusal(wrong)).toContain(words);
});

function leaves(node: Rendered, prefix = ''): readonly string[] {
  const resolved = node.$ref === undefined ? node : schema.definitions[node.$ref.split('/').pop()];
  if (resolved.properties === undefined) return [prefix];
  expect(resolved.additionalProperties, `${prefix} accepts unknown values`).toBe(false);
  return Object.entries(resolved.properties).flatMap(([key, child]) =>
    leaves(child, prefix === '' ? key : `${prefix}.${key}`),
  );
}
