// The files that the images hold: self-contained, the same at every build, and started from an empty folder they serve.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundle, type Program, programs, projectDir } from '../../dev/bundle.ts';
import { startApiServer } from '../../dev/cluster/api/api-server.ts';
import { freePort } from '../../dev/tools/free-port.ts';
import { commandLine } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { startTracesReceiver } from '../support/traces-receiver.ts';

let folder: string;
const metafiles = new Map<Program, Metafile>();
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundles-'));
  for (const program of programs) metafiles.set(program, await bundle(program, join(folder, 'built')));
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

it.each(programs)('%s comes out the same at every build', async (program) => {
  await bundle(program, join(folder, 'again'));
  const [one, two] = await Promise.all(
    ['built', 'again'].map((name) => readFile(join(folder, name, `${program}.mjs`))),
  );
  expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true);
});

it('keeps Kubernetes and the operator out of the sidecar', () => {
  const inputs = Object.keys(metafiles.get('sidecar')?.inputs ?? {});
  expect(inputs).toContain('sidecar/main.ts');
  expect(inputs.filter((path) => /@kubernetes|^operator\//.test(path))).toEqual([]);
});

// `debug` (of ioredis) and `ws` (of the Kubernetes client) try to require these and go without when they are not there.
const optional = ['supports-color', 'bufferutil', 'utf-8-validate'];

it.each(programs)('%s imports nothing that is not inside it', (program) => {
  const [output] = Object.values(metafiles.get(program)?.outputs ?? {});
  expect(output?.imports.map(({ path }) => path).filter((path) => !optional.includes(path))).toEqual([]);
});

it.each(programs)('%s explains its settings from an empty folder', async (program) => {
  const place = await alone(program);
  const { stdout } = await promisify(execFile)(process.execPath, [`${program}.mjs`, '--help'], { cwd: place });
  const setting = { operator: 'OPERATOR_LOG_LEVEL', sidecar: 'SIDECAR_LOG_LEVEL', echo: 'HEALTH_PATH' }[program];
  expect(stdout).toContain(setting);
});

it('the sidecar starts alone, answers on its admin port, and leaves on SIGTERM', async () => {
  const place = await alone('sidecar');
  const [port, adminPort] = await freePorts(2);
  const flags = ['--name', 'alone', '--host', '127.0.0.1', '--port', `${port}`, '--admin-port', `${adminPort}`];
  const child = start(place, ['sidecar.mjs', ...flags, '--drain-quiet-seconds', '0', '--drain-seconds', '1']);
  await eventually(async () => (await fetch(`http://127.0.0.1:${adminPort}/healthz`)).ok);
  expect(await readdir(place)).toEqual(['data', 'sidecar.mjs']);
  expect(await end(child)).toBe(0);
});

it('the sidecar started alone does not load what it does not need: the undici inside Node', async () => {
  const place = await alone('sidecar');
  const [port, adminPort] = await freePorts(2);
  const flags = ['--name', 'alone', '--host', '127.0.0.1', '--port', `${port}`, '--admin-port', `${adminPort}`];
  const listModules = `process.on('SIGUSR2', () => console.error('loaded:' + process.moduleLoadList.join(';')))`;
  const child = start(place, [
    '--import',
    `data:text/javascript,${encodeURIComponent(listModules)}`,
    'sidecar.mjs',
    ...flags,
  ]);
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  await eventually(async () => (await fetch(`http://127.0.0.1:${adminPort}/healthz`)).ok);
  child.kill('SIGUSR2');
  await eventually(() => errors.includes('loaded:'));
  expect(errors).toContain('NativeModule http');
  expect(errors).not.toContain('internal/deps/undici');
  child.kill('SIGKILL');
});

it('the sidecar started alone sends traces where an endpoint is set', async () => {
  const receiver = await startTracesReceiver();
  try {
    const place = await alone('sidecar');
    const [port, adminPort] = await freePorts(2);
    const flags = ['--name', 'alone', '--host', '127.0.0.1', '--port', `${port}`, '--admin-port', `${adminPort}`];
    const child = start(place, ['sidecar.mjs', ...flags, '--traces-endpoint', receiver.url]);
    await eventually(async () => (await fetch(`http://127.0.0.1:${adminPort}/healthz`)).ok);
    await fetch(`http://127.0.0.1:${port}/result/alone`, { headers: { 'X-Inference-Id': 'traced' } });
    await receiver.trace(1, (span) => span.attributes['inference.id'] === 'traced');
    child.kill('SIGKILL');
  } finally {
    await receiver.close();
  }
});

it('the operator starts alone and says in one sentence that it has no cluster', async () => {
  const place = await alone('operator');
  const env = {
    PATH: process.env.PATH,
    HOME: place,
    OPERATOR_SIDECAR_IMAGE: 'inference-sidecar:test',
    OPERATOR_ADMIN_PORT: '0',
  };
  const result = await promisify(execFile)(process.execPath, ['operator.mjs'], {
    cwd: place,
    env,
    timeout: 120_000,
  }).catch((error: { code: number; stdout: string; stderr: string }) => error);
  expect(`${result.stdout}${result.stderr}`).toMatch(/kubeconfig/i);
});

it('the operator starts alone on a cluster, becomes ready, and leaves on SIGTERM', async () => {
  const api = await startApiServer();
  try {
    const place = await alone('operator');
    await commandLine(api.kubeconfigPath, place).kubectl([
      'apply',
      '-f',
      join(projectDir, 'crds', 'inferencedeployment.yaml'),
    ]);
    const [adminPort] = await freePorts(1);
    const flags = ['--kubeconfig', api.kubeconfigPath, '--host', '127.0.0.1', '--admin-port', `${adminPort}`];
    const child = start(place, ['operator.mjs', ...flags, '--sidecar-image', 'inference-operator/sidecar:test']);
    await eventually(async () => (await fetch(`http://127.0.0.1:${adminPort}/healthz`)).ok);
    await eventually(async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok);
    expect(await end(child)).toBe(0);
  } finally {
    await api.close();
  }
});

async function alone(program: Program): Promise<string> {
  const place = await mkdtemp(join(folder, `${program}-`));
  await cp(join(folder, 'built', `${program}.mjs`), join(place, `${program}.mjs`));
  return place;
}

function start(cwd: string, parameters: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, parameters, {
    cwd,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  return child;
}

function end(child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  child.kill('SIGTERM');
  return ended;
}

const freePorts = (count: number): Promise<readonly number[]> =>
  Promise.all(Array.from({ length: count }, () => freePort()));
