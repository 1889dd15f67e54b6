// The chart's Redis, started by the rendered script with the rendered configuration on a real redis-server: it wants the password,
// writes every change to disk before it answers, evicts nothing, and its probes tell loading from dead.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../../dev/tools/free-port.ts';
import { readRedisAddress } from '../../runtime/redis-address.ts';
import { createStore } from '../../sidecar/store/open-store.ts';
import { connect } from '../../sidecar/store/redis/connection.ts';
import { find, type Rendered, render } from '../support/chart.ts';
import { eventually } from '../support/eventually.ts';

const awkwardPassword = 'pass"word\\ with $signs #1';
let folder: string;
let server: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chart-redis-'));
});

afterEach(async () => {
  if (server !== undefined && server.exitCode === null && server.signalCode === null) {
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

it('wants the password, keeps every write on disk and evicts nothing', async () => {
  const { port } = await start(await render({ values: { redis: { tls: { enabled: false } } } }));
  const redis = new Redis({ host: '127.0.0.1', port, password: awkwardPassword });
  try {
    await redis.set('accepted', 'yes');
    expect(await redis.config('GET', 'appendfsync')).toEqual(['appendfsync', 'always']);
    expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await redis.config('GET', 'maxmemory')).toEqual(['maxmemory', String(1 << 30)]);
    expect(await readdir(join(folder, 'data'))).toContain('appendonlydir');
  } finally {
    redis.disconnect();
  }
  const stranger = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null });
  stranger.on('error', () => undefined);
  await expect(stranger.get('accepted')).rejects.toThrow('NOAUTH');
  stranger.disconnect();
});

it('answers its probes, and keeps the password out of the process list', async () => {
  const { probe } = await start(await render());
  await expect(probe('ready')).resolves.toBeDefined();
  await expect(probe('live')).resolves.toBeDefined();
  expect(await readFile(`/proc/${server?.pid}/cmdline`, 'utf8')).not.toContain('pass');
  server?.kill('SIGKILL');
  await eventually(async () => await expect(probe('live')).rejects.toThrow());
});

it('takes only encrypted connections when TLS is on, by a certificate for its own name', async () => {
  const objects = await render({ values: { redis: { tls: { enabled: true } } } });
  const { port, probe } = await start(objects);
  const ca = Buffer.from(find(objects, 'Secret', '-redis-tls').data['ca.crt'], 'base64');
  const name = 'demo-inference-operator-redis.inference-system.svc';
  const redis = new Redis({ host: '127.0.0.1', port, password: awkwardPassword, tls: { ca, servername: name } });
  expect(await redis.ping()).toBe('PONG');
  redis.disconnect();
  await expect(probe('ready')).resolves.toBeDefined();
  const plain = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  plain.on('error', () => undefined);
  await expect(plain.ping()).rejects.toThrow();
  plain.disconnect();
});

it('is trusted by sidecars that are given its certificate, and by no others', async () => {
  const objects = await render({ values: { redis: { tls: { enabled: true } } } });
  const { port } = await start(objects);
  const ca = Buffer.from(find(objects, 'Secret', '-redis-tls').data['ca.crt'], 'base64').toString();
  const address = {
    url: `rediss://localhost:${port}/0`,
    password: awkwardPassword,
    dataDir: folder,
    namespace: 'n',
    name: 'd',
  };
  const warnings: string[] = [];
  const observer = { storeLatency: () => undefined, storeError: () => undefined };
  const warn = (sentence: string) => void warnings.push(sentence);
  const limits = { retentionMs: 60_000, maxQueue: 10, maxStoredBytes: 0, maxAttempts: 3, sweepMax: 10, observer, warn };
  const trusting = await createStore({ ...address, ca }, limits);
  await trusting.open();
  expect((await trusting.figures()).queued).toBe(0);
  expect(warnings, 'what the sidecar has to say of our settings').toEqual([]);
  await trusting.close();
  const strange = await createStore(address, limits);
  await expect(strange.open()).rejects.toThrow(/certificate|cannot be reached/);
  await strange.close();
});

it('is left in the middle of a handshake that would not end in trust, and no error is left without a listener', async () => {
  const { port } = await start(await render({ values: { redis: { tls: { enabled: true } } } }));
  const address = readRedisAddress(`rediss://localhost:${port}/0`, awkwardPassword);
  const uncaught: Error[] = [];
  const note = (error: Error) => void uncaught.push(error);
  process.prependListener('uncaughtException', note);
  for (let i = 0; i < 20; i++) {
    const { steps, close } = connect(address, 1000);
    steps.on('error', () => undefined);
    steps.connect().catch(() => undefined);
    // Its socket is made in the next turn; some turns later it is somewhere in the handshake.
    for (let turns = 0; turns <= i; turns++) await new Promise(setImmediate);
    close();
    const { stream } = steps as { readonly stream?: { readonly closed: boolean } };
    await eventually(async () => stream === undefined || stream.closed);
  }
  process.off('uncaughtException', note);
  expect(uncaught).toEqual([]);
});

it('lets further lines of configuration win', async () => {
  const { port } = await start(
    await render({ values: { redis: { tls: { enabled: false }, extraConfig: 'hz 20\nmaxclients 123' } } }),
  );
  const redis = new Redis({ host: '127.0.0.1', port, password: awkwardPassword });
  expect(await redis.config('GET', 'maxclients')).toEqual(['maxclients', '123']);
  redis.disconnect();
});

/** Runs the StatefulSet's command with its volumes as folders of this test and a free port instead of 6379. */
async function start(objects: readonly Rendered[]) {
  const port = await freePort();
  const files = find(objects, 'ConfigMap', '-redis').data as Readonly<Record<string, string>>;
  const [container] = find(objects, 'StatefulSet').spec.template.spec.containers;
  for (const name of ['config', 'data', 'run/redis', 'tls']) await mkdir(join(folder, name), { recursive: true });
  const localized = (text: string) =>
    text
      .replace(/(^|[\s"])\/(config|data|run\/redis|tls)(?=[/\s])/gm, `$1${folder}/$2`)
      .replaceAll('6379', String(port));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'config', name), localized(text));
  const tls = objects.find(({ kind, metadata }) => kind === 'Secret' && metadata.name.endsWith('-tls'));
  for (const [name, value] of Object.entries(tls?.data ?? {})) {
    await writeFile(join(folder, 'tls', name), Buffer.from(String(value), 'base64'));
  }
  const env = { ...process.env, REDIS_PASSWORD: awkwardPassword };
  const command = (words: readonly string[]) => words.map((word) => word.replace(/^\/config/, join(folder, 'config')));
  const [program = '', ...rest] = command(container.command);
  server = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  server.stdout?.resume();
  const probe = (which: 'live' | 'ready') => {
    const probeOf = which === 'live' ? container.livenessProbe : container.readinessProbe;
    const [shell = '', ...words] = command(probeOf.exec.command);
    return promisify(execFile)(shell, words, { env });
  };
  await eventually(async () => await probe('ready'));
  return { port, probe };
}
