// What a person sees who starts a program by hand: help, version, and one sentence for each mistake.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function spawnProgram(program: 'sidecar' | 'operator', ...argv: readonly string[]) {
  return spawn(process.execPath, [`${program}/main.ts`, ...argv], { env: { PATH: process.env.PATH } });
}

function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'test-command-line-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function start(program: 'sidecar' | 'operator', ...argv: readonly string[]): Promise<Ended> {
  const child = spawnProgram(program, ...argv);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

it.each(['sidecar', 'operator'] as const)('%s --version says the version of the package', async (program) => {
  expect(await start(program, '--version')).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
});

it.each(['sidecar', 'operator'] as const)('%s --help lists flags first', async (program) => {
  const { code, stdout } = await start(program, '--help');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: .*\n\nFlags/m);
  expect(stdout).toMatch(/^ {2}--admin-port\n {6}.*\n {6}\(whole number .*; default: 9090; \w+_ADMIN_PORT\)$/m);
});

it('a misspelled flag is one mistake', async () => {
  const { code, stderr } = await start('sidecar', '--nmae', 'x');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'a setting is wrong:\n  --nmae is not a flag: did you mean --name?\n',
  });
});

it.each(['--port', '--admin-port'])('says in one sentence that the port of %s is taken', async (flag) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const port = String((other.address() as AddressInfo).port);
  const ports = { '--port': '0', '--admin-port': '0', [flag]: port };
  const { code, stdout } = await start(
    'sidecar',
    '--name=a',
    '--host=127.0.0.1',
    `--data-dir=${temporaryDir()}`,
    ...Object.entries(ports).map(([name, value]) => `${name}=${value}`),
  );
  other.close();
  expect(code).toBe(1);
  const last = JSON.parse(stdout.trim().split('\n').at(-1)!) as { msg: string };
  expect(last).toMatchObject({
    level: 'fatal',
    msg: `cannot listen: port ${port} is taken by another program; choose another with ${flag}`,
  });
  expect(last).not.toHaveProperty('err');
});

it('says who may call, and why callers wait for a server without a health path', async () => {
  const model = createHttpServer((_request, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
  await once(model, 'listening');
  onTestFinished(() => void model.close());
  const upstream = `http://127.0.0.1:${(model.address() as AddressInfo).port}`;
  const child = spawnProgram(
    'sidecar',
    '--name=a',
    '--port=0',
    '--admin-port=0',
    `--data-dir=${temporaryDir()}`,
    `--upstream=${upstream}`,
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let log = '';
  for await (const bytes of child.stdout) {
    log += bytes;
    if (log.includes('requests wait')) break;
  }
  expect(log).toContain('no API keys are configured: whoever reaches the traffic port may send requests');
  expect(log).toContain('requests wait until the model container is ready (GET /health: ');
  expect(log).toContain('answered 404');
});
