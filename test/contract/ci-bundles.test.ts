// The files that the images hold: with all that they need, the same at every build, and started from an empty folder they serve.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { type Bundle, bundle, bundleWhole, type Program, programs, projectDir } from '../../dev/bundle.ts';
import { startApiServer } from '../../dev/cluster/api/api-server.ts';
import { freePort } from '../../dev/tools/free-port.ts';
import { commandLine } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { TestRedis } from '../support/redis.ts';
import { startTracesReceiver } from '../support/traces-receiver.ts';

let folder: string;
const bundles = new Map<Program, Bundle>();
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundles-'));
  for (const program of programs) bundles.set(program, await bundle(program, join(folder, 'built')));
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

// `debug` (of ioredis) and `ws` (of the Kubernetes client) try to require these and go without when they are not there.
const optional = ['supports-color', 'bufferutil', 'utf-8-validate'];

it.each(programs)('%s comes out the same at every build', async (program) => {
  await bundle(program, join(folder, 'again'));
  const names = await filesOf(program, 'built');
  expect(await filesOf(program, 'again')).toEqual(names);
  for (const name of names) {
    const [one, two] = await Promise.all(['built', 'again'].map((place) => readFile(join(folder, place, name))));
    expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true);
  }
});

it.each(programs)('%s as one file holds what the images have in several, and imports nothing', async (program) => {
  const { inputs, outputs } = await bundleWhole(program, join(folder, 'whole'));
  const inImage = everyFile(bundled(program)).flatMap((file) => Object.keys(file.inputs));
  expect(Object.keys(inputs)).toEqual(expect.arrayContaining(inImage));
  const imported = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect(imported.filter((path) => !optional.includes(path))).toEqual([]);
});

it('keeps Kubernetes and the operator out of the sidecar', () => {
  const inputs = everyFile(bundled('sidecar')).flatMap((file) => Object.keys(file.inputs));
  expect(inputs).toContain('sidecar/main.ts');
  expect(inputs).toContain('sidecar/store/redis/connection.ts');
  expect(inputs.filter((path) => /@kubernetes|^operator\//.test(path))).toEqual([]);
});

it.each(programs)('%s imports nothing that is not inside it or beside it', async (program) => {
  const { later } = bundled(program);
  const beside = Object.keys(later).map((name) => `./${name}.mjs`);
  const imported = everyFile(bundled(program)).flatMap(({ outputs }) => Object.values(outputs)[0]?.imports ?? []);
  expect(imported.map(({ path }) => path).filter((path) => ![...optional, ...beside].includes(path))).toEqual([]);
  expect(await filesOf(program, 'built')).toEqual([...Object.keys(later), program].map((name) => `${name}.mjs`).sort());
});

it.each(programs)('%s holds nothing twice: what it loads later shares no module with it', (program) => {
  const own = (inputs: object) => Object.keys(inputs).filter((path) => !/^(imported|required):/.test(path));
  const { program: first, later } = bundled(program);
  const shared = Object.values(later).flatMap(({ inputs }) => own(inputs).filter((path) => path in first.inputs));
  expect(shared).toEqual([]);
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
  expect(await readdir(place)).toEqual(['data', ...(await filesOf('sidecar', 'built'))].sort());
  expect(await end(child)).toBe(0);
});

it('the sidecar started alone does not load what it does not need: undici, cryptography, workers', async () => {
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
  for (const unused of ['internal/deps/undici', 'crypto', 'tls', 'https', 'worker_threads', 'fs/promises', 'assert']) {
    expect(errors.split(/[:;\n]/)).not.toContain(`NativeModule ${unused}`);
  }
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

it('the sidecar started alone keeps its queue in Redis where one is named', async () => {
  const redis = await TestRedis.start();
  try {
    const place = await alone('sidecar');
    const [port, adminPort] = await freePorts(2);
    const flags = ['--name', 'alone', '--host', '127.0.0.1', '--port', `${port}`, '--admin-port', `${adminPort}`];
    const child = start(place, ['sidecar.mjs', ...flags, '--store', redis.url]);
    const headers = { 'X-Inference-Id': 'kept', Prefer: 'respond-async' };
    const accepted = { method: 'POST', headers, body: '{}' };
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}/v1/models`, accepted)).status === 202);
    child.kill('SIGKILL');
  } finally {
    await redis.stop();
  }
});

it('the sidecar started alone passes a WebSocket on', async () => {
  const model = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  new WebSocketServer({ server: model }).on('connection', (socket) => socket.send('from the model'));
  await once(model, 'listening');
  const upstream = `http://127.0.0.1:${(model.address() as AddressInfo).port}`;
  const place = await alone('sidecar');
  const [port, adminPort] = await freePorts(2);
  const flags = ['--name', 'alone', '--host', '127.0.0.1', '--port', `${port}`, '--admin-port', `${adminPort}`];
  const child = start(place, ['sidecar.mjs', ...flags, '--upstream', upstream]);
  await eventually(async () => (await fetch(`http://127.0.0.1:${port}/v1/models`)).ok);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime`);
  expect((await new Promise<MessageEvent>((resolve) => socket.addEventListener('message', resolve))).data).toBe(
    'from the model',
  );
  child.kill('SIGKILL');
  model.close();
  model.closeAllConnections();
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
  for (const name of await filesOf(program, 'built')) await cp(join(folder, 'built', name), join(place, name));
  return place;
}

async function filesOf(program: Program, place: string): Promise<readonly string[]> {
  return (await readdir(join(folder, place))).filter((name) => name.startsWith(`${program}.`)).sort();
}

function bundled(program: Program): Bundle {
  return bundles.get(program) as Bundle;
}

const everyFile = ({ program, later }: Bundle) => [program, ...Object.values(later)];

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
