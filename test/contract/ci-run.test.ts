// .ci/run itself, in a scratch repository with stand-ins for npm and id: which steps it takes in which order, and that nothing that
// fails is passed over.
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect } from 'vitest';
import { projectDir } from '../../dev/bundle.ts';
import { itWithGit } from '../support/git.ts';

const run = promisify(execFile);
const withGit = itWithGit();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ci-run-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'clone', '.ci'), { recursive: true });
  await cp(join(projectDir, '.ci', 'run'), join(folder, 'clone', '.ci', 'run'));
  await program('id', 'echo 1000');
  await program('npm', `echo "npm $*" >> ${folder}/calls`);
  await git('init', '--quiet');
  await git('add', '.');
  await git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '-m', 'all');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

withGit('installs exactly what is locked, checks, generates, tests, and compares ratios', async () => {
  const { code, output } = await ci();
  expect(output).toMatch(/ci: 6 steps passed, 0 failed, in \d+ s/);
  expect(code).toBe(0);
  expect((await calls()).join('\n')).toBe(
    [
      'npm ci',
      'npm run --silent check',
      'npm run --silent generate',
      'npm test',
      'npm run --silent bench -- --guard',
    ].join('\n'),
  );
});

withGit.each(['ci', 'run --silent check', 'run --silent generate', 'test', 'run --silent bench -- --guard'])(
  'ends with the exit code of "npm %s" where that fails, and goes no further',
  async (step) => {
    await program('npm', `echo "npm $*" >> ${folder}/calls; [ "$*" != "${step}" ] || exit 7`);
    const { code, output } = await ci();
    expect(code).toBe(7);
    expect(output).toMatch(/ci: \d steps passed, 1 failed: ".+", exit code 7/);
    expect((await calls()).at(-1)).toBe(`npm ${step}`);
  },
);

withGit('fails when generating leaves a file that is not committed, and names it', async () => {
  await program('npm', `[ "$*" != "run --silent generate" ] || echo new > generated.md`);
  const { code, output } = await ci();
  expect(code).toBe(1);
  expect(output).toContain('?? generated.md');
});

async function ci(): Promise<{ readonly code: number; readonly output: string }> {
  const env = { PATH: `${folder}/bin:${process.env.PATH}` };
  try {
    const { stdout, stderr } = await run(join(folder, 'clone', '.ci', 'run'), [], { env });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

async function program(name: string, body: string): Promise<void> {
  const file = join(folder, 'bin', name);
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}

const git = (...parameters: readonly string[]) => run('git', parameters, { cwd: join(folder, 'clone') });
const calls = async (): Promise<readonly string[]> =>
  (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
