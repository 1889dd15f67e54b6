// Every example is taken by an API server as it is, by the real kubectl, with nothing in it refused, unknown or dropped.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { clusterTools } from '../../dev/tools/kubectl-and-helm.ts';
import { startWorldApi, type WorldApi } from '../support/world-api.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const examples = readdirSync(new URL('../../examples', import.meta.url)).filter((file) => file.endsWith('.yaml'));
const run = promisify(execFile);

let server: WorldApi;
let directory: string;
const kubectl = async (...args: string[]): Promise<string> => {
  const env = { ...process.env, KUBECONFIG: server.kubeconfigPath };
  const { stdout, stderr } = await run(clusterTools().kubectl, args, { cwd: root, env });
  // A warning is how an API server says that a field is unknown or will be dropped.
  expect(stderr).toBe('');
  return stdout;
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'examples-'));
  server = await startWorldApi(directory);
  await kubectl('apply', '-f', 'crds/inferencedeployment.yaml');
  await kubectl('wait', '--for=condition=Established', 'crd/inferencedeployments.inference-operator.dev');
});
afterAll(async () => {
  await server?.close();
  rmSync(directory, { recursive: true, force: true });
});

test('there are examples', () => {
  expect(examples).toEqual(expect.arrayContaining(['echo.yaml', 'vllm-deepseek.yaml']));
});

test.each(examples)('%s is applied, and the server keeps every field of it', async (file) => {
  const applied = await kubectl('apply', '--validate=strict', '-f', `examples/${file}`);
  const written = parse(readFileSync(`${root}/examples/${file}`, 'utf8'));
  expect(applied).toBe(`inferencedeployment.inference-operator.dev/${written.metadata.name} created\n`);
  const kept = JSON.parse(await kubectl('get', 'infdep', written.metadata.name, '-o', 'json'));
  expect(kept.spec).toMatchObject(written.spec);
});

test.each(examples)('%s names the deployment in the commands that its head tells to type', (file) => {
  const text = readFileSync(`${root}/examples/${file}`, 'utf8');
  const { name } = parse(text).metadata;
  const head = text.slice(0, text.indexOf('apiVersion:'));
  expect(file).toBe(`${name}.yaml`);
  expect(head).toContain(`kubectl apply -f examples/${file}`);
  expect(head).toContain(`kubectl port-forward service/${name} 8080:80`);
  expect(head).toMatch(new RegExp(`curl .*localhost:8080/${name}/`));
});

test('the autoscaler is applied, and what it names can be scaled', async () => {
  await kubectl('apply', '--validate=strict', '-f', 'examples/autoscaling/hpa.yaml');
  const { spec } = JSON.parse(await kubectl('get', 'hpa', 'vllm-deepseek', '-o', 'json'));
  const { apiVersion, kind, name } = spec.scaleTargetRef;
  // As its controller does: from the kind to the resource, then the scale subresource.
  const { resources } = JSON.parse(await kubectl('get', '--raw', `/apis/${apiVersion}`));
  const { name: plural } = resources.find((one: { kind: string; name: string }) => one.kind === kind);
  await kubectl('scale', `${plural}.${apiVersion.split('/')[0]}/${name}`, `--replicas=${spec.maxReplicas}`);
  const target = JSON.parse(await kubectl('get', plural, name, '-o', 'json'));
  expect(target.spec.replicas).toBe(spec.maxReplicas);
});

test('a field that does not exist is refused by name', async () => {
  const wrong = JSON.stringify({ spec: { concurency: 2 } });
  const refused = kubectl('patch', 'infdep', 'echo', '--type=merge', '--validate=strict', '-p', wrong);
  await expect(refused).rejects.toThrow(/concurency/);
});
