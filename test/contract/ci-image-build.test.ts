// The images built as an engine would build them, from the very context that .dockerignore leaves, under a checkout that nobody else may
// read; then run as the images' user, who owns none of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type Program, programs, projectDir } from '../../dev/bundle.ts';
import { startApiServer } from '../../dev/cluster/api/api-server.ts';
import { freePort } from '../../dev/tools/free-port.ts';
import { nodeOfImage } from '../../sidecar/contract.ts';
import { contextOf, copyContext, layOut, readStages, runStage, type Stage, values } from '../support/docker-image.ts';
import { eventually } from '../support/eventually.ts';
import { projectFiles } from '../support/git.ts';

const USER = 65532;
const BUILD_MS = 600_000;
/** Who is not root cannot be another. */
const asRoot = it.skipIf(process.getuid?.() !== 0);
const stages = readStages(join(projectDir, 'Dockerfile'));
const stageOf = (name: string): Stage => stages.find((stage) => stage.name === name) as Stage;
const context = contextOf(projectDir, projectFiles(projectDir));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'images-'));
  await chmod(folder, 0o755);
  await copyContext(projectDir, context, join(folder, 'context'));
  await mkdir(join(folder, 'src'));
  await runStage(stageOf('build'), join(folder, 'context'), join(folder, 'src'));
  await copyFile(process.execPath, join(folder, 'node'));
  for (const program of programs) {
    await layOut(stageOf(program), join(folder, 'src'), values(stageOf('build'), 'WORKDIR')[0] ?? '', rootOf(program));
  }
}, BUILD_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

const rootOf = (program: Program): string => join(folder, 'images', program);

it('sends to the builder nothing but what the bundles are made of', () => {
  const tops = new Set(context.map((path) => path.replace(/^(dev\/[^/]+|[^/]+).*$/, '$1')));
  expect([...tops].sort()).toEqual(
    [
      ...['.npmrc', 'LICENSE', 'package-lock.json', 'package.json', 'tsconfig.json'],
      ...['crds', 'operator', 'runtime', 'sidecar', 'dev/build.ts', 'dev/model-server'],
      ...readdirSync(join(projectDir, 'dev')).flatMap((name) => (/^bundle.*\.ts$/.test(name) ? `dev/${name}` : [])),
    ].sort(),
  );
});

it.each(programs)(
  'the image %s holds its program and the licences of what is inside, and nobody may change them',
  (program) => {
    const files = readdirSync(rootOf(program), { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(rootOf(program).length));
    const own = (path: string) => path.startsWith(`/app/${program}.`) && path.endsWith('.mjs');
    expect(paths).toContain(`/app/${program}.mjs`);
    expect(paths.filter((path) => !own(path)).sort()).toEqual([
      '/licenses/LICENSE',
      `/licenses/${program}.licenses.txt`,
    ]);
    for (const path of paths) {
      const { mode, uid } = statSync(join(rootOf(program), path));
      expect([path, mode & 0o777, uid]).toEqual([path, 0o444, process.getuid?.()]);
    }
  },
);

asRoot('the sidecar runs as the images’ user before the sample server, and keeps a request', async () => {
  const [modelPort, port, adminPort] = [await freePort(), await freePort(), await freePort()];
  const data = await writable();
  start('echo', { HOST: '127.0.0.1', PORT: String(modelPort) });
  start('sidecar', {
    SIDECAR_NAME: 'demo',
    SIDECAR_HOST: '127.0.0.1',
    SIDECAR_PORT: String(port),
    SIDECAR_ADMIN_PORT: String(adminPort),
    SIDECAR_UPSTREAM: `http://127.0.0.1:${modelPort}`,
    SIDECAR_DATA_DIR: data,
  });
  await eventually(async () => (await fetch(`http://127.0.0.1:${adminPort}/ready`)).ok);
  const url = `http://127.0.0.1:${port}/demo/echo`;
  expect((await fetch(url)).status).toBe(200);
  const headers = { Prefer: 'respond-async' };
  expect((await fetch(url, { method: 'POST', headers, body: 'x' })).status).toBe(202);
});

asRoot('the operator runs as the images’ user on a cluster', async () => {
  const api = await startApiServer();
  onTestFinished(() => api.close());
  const kubeconfig = join(await writable(), 'kubeconfig');
  await copyFile(api.kubeconfigPath, kubeconfig);
  await chmod(kubeconfig, 0o444);
  const adminPort = await freePort();
  start('operator', {
    OPERATOR_KUBECONFIG: kubeconfig,
    OPERATOR_HOST: '127.0.0.1',
    OPERATOR_ADMIN_PORT: String(adminPort),
    OPERATOR_SIDECAR_IMAGE: 'inference-operator/sidecar:test',
  });
  await eventually(async () => (await fetch(`http://127.0.0.1:${adminPort}/healthz`)).ok);
});

/** A folder of the images' user, as a volume is. */
async function writable(): Promise<string> {
  const path = await mkdtemp(join(folder, 'volume-'));
  await chown(path, USER, USER);
  return path;
}

/** By the image's own ENTRYPOINT and USER. */
function start(program: Program, env: Readonly<Record<string, string>>): void {
  const stage = stageOf(program);
  const [node, ...words]: readonly string[] = JSON.parse(values(stage, 'ENTRYPOINT')[0] ?? '[]');
  const [uid, gid] = (values(stage, 'USER')[0] ?? '').split(':').map(Number);
  expect([node, uid, gid]).toEqual([nodeOfImage, USER, USER]);
  const inRoot = words.map((word) => (word.startsWith('/') ? join(rootOf(program), word) : word));
  const child = spawn(join(folder, 'node'), inRoot, { cwd: '/', env, uid: USER, gid: USER, stdio: 'ignore' });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
}
