// git, for tests of what a checkout holds. A tree unpacked from an archive, or a machine without git, has no such tests.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import dockerIgnore from '@balena/dockerignore';
import { it } from 'vitest';

const succeeds = (parameters: readonly string[], cwd: string): boolean =>
  spawnSync('git', parameters, { cwd, stdio: 'ignore' }).status === 0;

/** `it` where git is installed, else counted as skipped. */
export function itWithGit(): typeof it {
  if (succeeds(['--version'], '/')) return it;
  console.warn('skipped: git is not installed');
  return it.skip as typeof it;
}

/** The files of the project as paths below its folder: those that git knows or would take, or all but the ignored ones. */
export function projectFiles(projectDir: string): readonly string[] {
  if (succeeds(['rev-parse', '--git-dir'], projectDir)) {
    const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: projectDir });
    return listed.toString().trim().split('\n');
  }
  const ignored = dockerIgnore.default().add(
    readFileSync(join(projectDir, '.gitignore'), 'utf8')
      .split('\n')
      .filter((pattern) => pattern !== '')
      .map((pattern) => `**/${pattern}`),
  );
  const files: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (ignored.ignores(relative(projectDir, path))) continue;
      if (entry.isDirectory()) walk(path);
      else files.push(relative(projectDir, path));
    }
  };
  walk(projectDir);
  return files;
}
