// The life of a release with the real helm on the cluster on loopback, or on a real API server (world-api.ts): installed, upgraded, rolled back, uninstalled and installed
// again, as a platform team does over a year. What must survive survives, what the notes say to type works.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { chartDir, type Rendered, renderText } from '../support/chart.ts';
import { chartVariants } from '../support/chart-variants.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { prometheusDefinitions } from '../support/prometheus-kinds.ts';
import { startWorldApi, testThatNeeds, type WorldApi } from '../support/world-api.ts';

const namespace = 'inference-system';
const it = testThatNeeds('definitions');
let server: WorldApi;
let home: string;
let line: CommandLine;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'helm-'));
  server = await startWorldApi(home);
  line = commandLine(server.kubeconfigPath, home);
});

afterAll(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

const get = async (...what: readonly string[]): Promise<Rendered> =>
  JSON.parse(await line.kubectl(['get', ...what, '-n', namespace, '-o', 'json']));
const release = (verb: string, ...flags: readonly string[]): Promise<string> =>
  line.helm(
    verb,
    'inference',
    ...(/install|upgrade/.test(verb) && verb !== 'uninstall' ? [chartDir] : []),
    '-n',
    namespace,
    ...flags,
  );
const password = async (): Promise<string> => (await get('secret', 'inference-inference-operator-redis')).data.password;

it('lives: install, notes, upgrade, rollback, uninstall, install again', { timeout: 900_000 }, async () => {
  const notes = await release('install', '--create-namespace');
  const first = await password();
  expect(Buffer.from(first, 'base64').toString()).toMatch(/^[A-Za-z0-9]{40}$/);

  // The manifest of the notes is taken by the API server as it stands there.
  const manifest = /<<EOF\n(?<text>.*?)\n {3}EOF/s.exec(notes)?.groups?.text ?? '';
  expect(await line.kubectl(['apply', '--validate=strict', '-f', '-'], manifest.replace(/^ {3}/gm, ''))).toContain(
    'llm created',
  );

  await release('upgrade', '--set', 'operator.logLevel=debug', '--set', 'redis.tls.enabled=true');
  expect(await password(), 'the password over an upgrade').toBe(first);
  const certificate = (await get('secret', 'inference-inference-operator-redis-tls')).data['tls.crt'];
  expect(await logLevel()).toBe('debug');

  await release('upgrade', '--set', 'redis.tls.enabled=true');
  expect((await get('secret', 'inference-inference-operator-redis-tls')).data['tls.crt'], 'the certificate').toBe(
    certificate,
  );

  await line.helm('rollback', 'inference', '1', '-n', namespace);
  expect(await logLevel()).toBe('info');
  expect(await password(), 'the password over a rollback').toBe(first);

  const farewell = await line.helm('uninstall', 'inference', '-n', namespace);
  expect(farewell).toContain('[CustomResourceDefinition] inferencedeployments.inference-operator.dev');
  expect(await line.kubectl(['get', 'infdep', 'llm', '-o', 'name'])).toContain('/llm');
  expect(
    (await get('deployments,statefulsets,services,roles,serviceaccounts')).items.map(nameOf).filter(isOurs),
  ).toEqual([]);

  await release('install');
  expect(await password(), 'the password of the volume that was kept').toBe(first);
  expect(await line.kubectl(['get', 'infdep', 'llm', '-o', 'name'])).toContain('/llm');
});

it('brings a changed resource definition along with an upgrade', async () => {
  const patch = JSON.stringify({ spec: { names: { shortNames: ['old'] } } });
  const definition = 'inferencedeployments.inference-operator.dev';
  await line.kubectl(['patch', 'crd', definition, '--type=merge', '-p', patch]);
  await release('upgrade', '--force-conflicts');
  expect((await get('crd', definition)).spec.names.shortNames).toEqual(['infdep']);
});

it('takes the definition and the deployments away when asked to', async () => {
  await release('upgrade', '--set', 'crds.keep=false');
  await line.helm('uninstall', 'inference', '-n', namespace);
  await expect(line.kubectl(['get', 'infdep', 'llm'])).rejects.toThrow(/doesn't have a resource type|NotFound/);
});

describe('the API server takes every variant, with no field unknown to it', () => {
  beforeAll(async () => {
    for (const name of ['team-a', 'team-b']) {
      await line.kubectl(['create', 'namespace', name]);
    }
    await line.kubectl(['apply', '-f', '-'], prometheusDefinitions.map((one) => JSON.stringify(one)).join('\n---\n'));
  });

  it.each(Object.entries(chartVariants))('%s', async (_, values) => {
    const text = await renderText({ values, namespace });
    const applied = await line.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], text);
    expect(applied.trim().split('\n').length).toBe(text.match(/^kind: /gm)?.length);
  });
});

const nameOf = (object: Rendered): string => object.metadata.name;
const isOurs = (name: string): boolean => name.startsWith('inference-inference-operator');

async function logLevel(): Promise<string> {
  const [container] = (await get('deployment', 'inference-inference-operator')).spec.template.spec.containers;
  return container.env.find(({ name }: Rendered) => name === 'OPERATOR_LOG_LEVEL').value;
}
