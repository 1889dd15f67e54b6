// Every value set to null, to nothing, or to what it is not: helm refuses it in words, or the objects are such as an API server takes and
// the operator accepts the environment that they give it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { documentedValues, settablePaths } from '../../dev/docs/chart-values.ts';
import { operatorSettings, SETTINGS_PREFIX } from '../../operator/config.ts';
import { foreignVariables, readSettings } from '../../runtime/settings.ts';
import { chartDir, find, objectsIn, type Rendered, refusal, renderText } from '../support/chart.ts';
import { refusals } from '../support/chart-admission.ts';

const values = parse(readFileSync(join(chartDir, 'values.yaml'), 'utf8'));
const documented = documentedValues(readFileSync(join(chartDir, 'values.yaml'), 'utf8')).map(({ path }) => path);
const sections = documented.flatMap((path) => path.split('.').map((_, at, parts) => parts.slice(0, at + 1).join('.')));
const paths = [...new Set([...sections, ...settablePaths(values)])].sort();

/** By the type of the default: what somebody may set it to by mistake, or to be rid of it. */
function oddities(fallback: unknown): readonly unknown[] {
  if (Array.isArray(fallback)) return [null, [null], 'x'];
  if (typeof fallback === 'object') return [null, { a: null }, 'x'];
  if (typeof fallback === 'string') return [null, '', 'x y', 7];
  return [null, '', -7];
}

const at = (path: string): unknown => path.split('.').reduce((inner, key) => inner?.[key], values);
/** Kubernetes' own objects, which the chart passes on: what stands in them is its to judge. */
const passedOn = ['operator.affinity', 'redis.affinity'];
const cases = paths
  .flatMap((path) => oddities(at(path)).map((odd) => [path, odd] as const))
  .filter(([path, odd]) => !(passedOn.includes(path) && typeof odd === 'object' && odd !== null))
  // Seven bytes are a limit as good as another, if there were no request.
  .filter(([path, odd]) => !(path.includes('.resources.') && odd === 7));

const nested = (path: string, value: unknown): unknown =>
  path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);

/** What a kubelet would take from Secrets and fields. */
const looked = (name: string): string => (name.endsWith('_URL') ? 'rediss://store.example.com:6380/1' : 'looked-up');

function settingsFaults(objects: readonly Rendered[]): readonly string[] {
  const [container] = find(objects, 'Deployment').spec.template.spec.containers;
  const environment = Object.fromEntries(
    container.env.map(({ name, value }: Rendered) => [name, value === undefined ? looked(name) : value]),
  );
  try {
    readSettings(SETTINGS_PREFIX, operatorSettings, environment, []);
    return foreignVariables(SETTINGS_PREFIX, operatorSettings, environment);
  } catch (error) {
    return [String(error)];
  }
}

/** redis.conf takes no line of one word. */
const confFaults = (objects: readonly Rendered[]): readonly string[] =>
  objects
    .flatMap(({ data }) => (data?.['redis.conf'] ?? '').split('\n') as string[])
    .filter((line) => line !== '' && !line.startsWith('#') && !/^\S+ \S/.test(line));

/** Undefined where helm takes it. */
async function refusedIn(given: unknown): Promise<string | undefined> {
  let text: string;
  try {
    text = await renderText({ values: given });
  } catch (error) {
    return String((error as { stderr?: string }).stderr);
  }
  const objects = objectsIn(text);
  expect([...refusals(objects), ...settingsFaults(objects), ...confFaults(objects)]).toEqual([]);
  // A value that went missing shows as one of these words.
  expect(text.replaceAll(/^ {4}.*$/gm, '')).not.toMatch(/<nil>|<no value>|%!|map\[/);
  return undefined;
}

it.each(cases)('%s set to %j is refused in words, or does no harm', async (path, odd) => {
  const words = await refusedIn(nested(path, odd));
  if (words === undefined) return;
  // Both what is wrong and where: /redis/auth of the schema, redis.auth of our own sentences, or the parent of what is missing.
  const parent = path.split('.').slice(0, -1);
  const places = [
    `/${path.replaceAll('.', '/')}`,
    path,
    `at '${parent.map((part) => `/${part}`).join('')}': missing propert`,
    // Two stores at once.
    `${path.split('.')[0]} and redis.enabled are both set`,
  ];
  expect(
    places.some((place) => words.includes(place)),
    words,
  ).toBe(true);
  expect(words, 'no template may stumble').not.toMatch(
    /nil pointer|wrong type|error calling|can't evaluate|range can't/,
  );
});

it.each([
  ['a short password', 'redis.auth.password', 'short', 'must have at least 12 characters'],
  ['a password with a blank', 'redis.auth.password', 'twelve of them', 'none of them a blank'],
  ['memory in megabytes', 'sidecar.resources', { limits: { memory: '32MB' } }, 'write 32M or 32Mi, not 32MB'],
  ['memory of Redis in MB', 'redis.maxmemory', '512MB', 'such as 1gb'],
  ['a volume of no unit there is', 'redis.persistence.size', '4GB', 'must be a quantity such as'],
  ['a label that is none', 'deployments.podMonitorLabels', { team: 'a,b' }, 'must be the value of a label'],
  ['a registry with a scheme', 'imageRegistry', 'https://r.example.com', 'without http://'],
  ['a digest of another kind', 'operator.image.digest', 'md5:1', 'must be sha256: and 64 hexadecimal digits'],
  ['neither tag nor digest', 'redis.image.tag', '', 'must not be empty'],
  ['an address that is not of a Redis', 'externalRedis.url', 'http://x', 'must begin with redis://'],
  ['two namespaces in one', 'watchNamespaces', ['a,b'], 'must be the name of a namespace'],
])('refuses %s in a sentence', async (_, path, value, words) => {
  const said = await refusal(nested(path, value));
  expect(said).toContain(words);
  expect(said).toContain(path);
  expect(said).not.toContain('pattern');
  if (path.endsWith('password')) expect(said).not.toContain(String(value));
});
