// The real kubectl against the API server on loopback, with the project's own definition: what a person types in the first hour.
import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../../dev/cluster/api/api-server.ts';
import { clusterTools } from '../../dev/tools/kubectl-and-helm.ts';
import { eventually } from '../support/eventually.ts';

const definition = fileURLToPath(new URL('../../crds/inferencedeployment.yaml', import.meta.url));
const { kubectl: program } = clusterTools();
let server: ApiServer;
let folder: string;

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function kubectl(args: string, env: Record<string, string> = {}): Promise<Outcome> {
  const words = ['--kubeconfig', server.kubeconfigPath, '--cache-dir', folder, ...args.split(' ')];
  return new Promise((resolve) => {
    execFile(program, words, { env: { ...process.env, ...env } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: out.trim(), err: err.trim() });
    });
  });
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function manifest(name: string, spec: string): string {
  return file(
    `${name}.yaml`,
    `apiVersion: inference-operator.dev/v1alpha1\nkind: InferenceDeployment\nmetadata:\n  name: ${name}\nspec:\n${spec}\n`,
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cluster-kubectl-'));
  server = await startApiServer();
  await kubectl(`apply -f ${definition}`);
  const waited = await kubectl(
    'wait --for=condition=Established crd/inferencedeployments.inference-operator.dev --timeout=20s',
  );
  expect(waited.code).toBe(0);
});

afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('apply creates, configures and leaves alone; diff shows what would change', async () => {
  const path = manifest('echo', '  container: { image: "echo:1" }');
  expect((await kubectl(`apply -f ${path}`)).out).toBe('inferencedeployment.inference-operator.dev/echo created');
  expect((await kubectl(`apply -f ${path}`)).out).toBe('inferencedeployment.inference-operator.dev/echo unchanged');
  manifest('echo', '  container: { image: "echo:2" }');
  const difference = await kubectl(`diff -f ${path}`);
  expect([difference.code, difference.out.includes('+    image: echo:2')]).toEqual([1, true]);
  expect((await kubectl(`apply -f ${path}`)).out).toBe('inferencedeployment.inference-operator.dev/echo configured');
});

test('a wrong manifest is refused with a sentence that names the field', async () => {
  const refusal = async (spec: string) => (await kubectl(`apply -f ${manifest('wrong', spec)}`)).err;
  expect(await refusal('  container: { image: a }\n  concurrency: 101')).toContain(
    'spec.concurrency: Invalid value: 101: spec.concurrency in body should be less than or equal to 100',
  );
  expect(await refusal('  container: { image: a }\n  concurrency: many')).toContain(
    'spec.concurrency in body must be of type integer',
  );
  expect(await refusal('  container: {}')).toContain('spec.container.image: Required value');
  expect(await refusal('  container: { image: a }\n  colour: red')).toContain(
    'strict decoding error: unknown field "spec.colour"',
  );
});

test('get prints the columns of the definition, wide ones with -o wide, and finds it by short name and category', async () => {
  const [header, row] = (await kubectl('get infdep')).out.split('\n');
  expect(header).toMatch(/^NAME +PHASE +READY +QUEUED +IN-FLIGHT +WAITING-FOR +AGE$/);
  expect(row).toMatch(/^echo +\d+s$/);
  expect((await kubectl('get infdep -o wide')).out).toContain('echo:2');
  expect((await kubectl('get all -o name')).out).toBe('inferencedeployment.inference-operator.dev/echo');
  expect((await kubectl('get infdep echo -o jsonpath={.spec.container.port}')).out).toBe('8000');
});

test('explain tells types, required marks and descriptions, of the definition and of built-in kinds', async () => {
  const own = (await kubectl('explain infdep.spec')).out;
  expect(own).toMatch(/container\t<Object> -required-/);
  expect(own).toMatch(/concurrency\t<integer>/);
  const probe = (await kubectl('explain deployment.spec.template.spec.containers.readinessProbe')).out;
  expect(probe).toContain('failureThreshold\t<integer>');
  expect(probe).toContain('Minimum consecutive failures for the probe');
});

test('scale, patch, label and edit change what they say', async () => {
  expect((await kubectl('scale infdep/echo --replicas=3')).out).toBe(
    'inferencedeployment.inference-operator.dev/echo scaled',
  );
  await kubectl('patch infdep echo --type=merge -p {"spec":{"concurrency":7}}');
  await kubectl('label infdep echo team=a');
  const editor = file('editor.sh', '#!/bin/sh\nsed -i "s/image: echo:2/image: echo:3/" "$1"\n');
  chmodSync(editor, 0o755);
  expect((await kubectl('edit infdep echo', { KUBE_EDITOR: editor })).out).toContain('edited');
  const shown = await kubectl(
    'get infdep -l team=a -o jsonpath={.items[0].spec.replicas},{.items[0].spec.concurrency},{.items[0].spec.container.image}',
  );
  expect(shown.out).toBe('3,7,echo:3');
  expect((await kubectl('describe infdep echo')).out).toMatch(/Concurrency: +7/);
});

test('apply --server-side conflicts with what another manager set, until forced', async () => {
  const path = manifest('echo', '  container: { image: "echo:4" }\n  concurrency: 9');
  const refused = await kubectl(`apply --server-side -f ${path}`);
  expect(refused.err).toContain('Apply failed with 2 conflicts: conflicts with "kubectl-edit" using');
  expect(refused.err).toContain('- .spec.container.image');
  expect((await kubectl(`apply --server-side --force-conflicts -f ${path}`)).out).toContain('serverside-applied');
});

test('a watch prints what happens as it happens', async () => {
  const words = ['--kubeconfig', server.kubeconfigPath, '--cache-dir', folder, 'get', 'infdep', '-w'];
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let seen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  try {
    await eventually(() => seen.includes('echo'));
    await kubectl(`apply -f ${manifest('second', '  container: { image: a }')}`);
    await eventually(() => seen.includes('second'));
  } finally {
    child.kill();
  }
});

test('namespaces, secrets, tokens and questions about access work, also where kubectl speaks protobuf', async () => {
  expect((await kubectl('create namespace team')).out).toBe('namespace/team created');
  expect((await kubectl('create secret generic keys --from-literal=alice=secret -n team')).out).toBe(
    'secret/keys created',
  );
  expect((await kubectl('get secret keys -n team -o jsonpath={.data.alice}')).out).toBe(
    Buffer.from('secret').toString('base64'),
  );
  expect((await kubectl('create configmap c --from-literal=a=b -n team')).out).toBe('configmap/c created');
  await kubectl('create serviceaccount bot -n team');
  await kubectl('create role reader --verb=get --resource=pods -n team');
  await kubectl('create rolebinding bot --role=reader --serviceaccount=team:bot -n team');
  expect((await kubectl('auth can-i get pods -n team --as=system:serviceaccount:team:bot')).out).toBe('yes');
  expect((await kubectl('auth can-i delete pods -n team --as=system:serviceaccount:team:bot')).out).toBe('no');
  expect((await kubectl('create token bot -n team')).out.length).toBeGreaterThan(20);
  expect((await kubectl('delete namespace team')).out).toContain('namespace "team" deleted');
  expect((await kubectl('get namespace team')).err).toContain('namespaces "team" not found');
});

test('delete waits until it is gone', async () => {
  expect((await kubectl('delete infdep --all')).out).toContain('"echo" deleted');
  expect((await kubectl('get infdep')).err).toBe('No resources found in default namespace.');
});
