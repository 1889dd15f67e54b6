// The Dockerfile carried out without an engine: its context as .dockerignore leaves it, its build stage's COPY and RUN lines in a folder, and
// the files of an image laid out by its stage's COPY lines. Where builders differ it is the least kind one.
import { execFile } from 'node:child_process';
import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import dockerIgnore from '@balena/dockerignore';

export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly steps: readonly { readonly instruction: string; readonly rest: string }[];
}

export const values = (stage: Stage, instruction: string): readonly string[] =>
  stage.steps.filter((step) => step.instruction === instruction).map(({ rest }) => rest);

export function readStages(dockerfile: string): readonly Stage[] {
  const lines = readFileSync(dockerfile, 'utf8')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const defaults = new Map<string, string>();
  const found: { name: string; base: string; steps: { instruction: string; rest: string }[] }[] = [];
  for (const line of lines) {
    const [, instruction = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (instruction === 'ARG') defaults.set(...(rest.split('=') as [string, string]));
    const from =
      instruction === 'FROM' ? /^(?:--\S+ )*\$\{(?<base>\w+)\} AS (?<name>\w+)$/.exec(rest)?.groups : undefined;
    if (from !== undefined) found.push({ name: from.name ?? '', base: defaults.get(from.base ?? '') ?? '', steps: [] });
    else found.at(-1)?.steps.push({ instruction, rest });
  }
  return found;
}

/** Of these files of a project, those that .dockerignore lets through; the Dockerfile and .dockerignore themselves are never copied. */
export function contextOf(projectDir: string, files: readonly string[]): readonly string[] {
  const rules = dockerIgnore.default().add(readFileSync(join(projectDir, '.dockerignore'), 'utf8'));
  return files.filter((file) => !rules.ignores(file));
}

/** The context as a checkout under umask 077 has it: nobody but its owner may read anything. */
export async function copyContext(projectDir: string, files: readonly string[], to: string): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(to, file)), { recursive: true, mode: 0o700 });
    await copyFile(join(projectDir, file), join(to, file));
    await chmod(join(to, file), 0o600);
  }
}

/** Runs a stage that builds: its files come from `contextDir`, its working directory is `workDir`, whatever WORKDIR says. */
export async function runStage(stage: Stage, contextDir: string, workDir: string): Promise<void> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)/.test(name)),
  );
  for (const { instruction, rest } of stage.steps) {
    if (instruction === 'COPY') await copy(rest, contextDir, (path) => join(workDir, path));
    else if (instruction === 'RUN') await promisify(execFile)('/bin/sh', ['-c', rest], { cwd: workDir, env });
    else if (instruction !== 'WORKDIR') throw new Error(`${instruction} in a stage that builds is not understood here`);
  }
}

/** Lays out below `root` what a stage copies from the one that built in `builtDir`, whose WORKDIR was `builtAs`. */
export async function layOut(stage: Stage, builtDir: string, builtAs: string, root: string): Promise<void> {
  for (const line of values(stage, 'COPY')) {
    await copy(line.replaceAll(`${builtAs}/`, ''), builtDir, (path) => join(root, path));
  }
}

async function copy(line: string, fromDir: string, placeOf: (path: string) => string): Promise<void> {
  const words = line.split(/\s+/);
  const paths = words.filter((word) => !word.startsWith('--'));
  const mode = /--chmod=(\d+)/.exec(line)?.[1];
  const to = paths.pop() ?? '';
  const options = { ...(mode !== undefined && { mode: Number.parseInt(mode, 8) }) };
  for (const path of paths) {
    const sources = path.includes('*') ? globSync(path, { cwd: fromDir }) : [path];
    for (const source of sources) await copyInto(join(fromDir, source), placeOf(to), to.endsWith('/'), options);
  }
}

/** A directory's content, or a file. With a mode, what is made gets it, directories too (moby/buildkit 5943). */
async function copyInto(from: string, to: string, isDirectory: boolean, { mode }: { mode?: number }): Promise<void> {
  if (statSync(from).isDirectory()) {
    await makeDirectory(to, mode ?? statSync(from).mode & 0o777);
    for (const name of readdirSync(from)) {
      await copyInto(join(from, name), join(to, name), false, mode === undefined ? {} : { mode });
    }
    return;
  }
  const target = isDirectory ? join(to, basename(from)) : to;
  await makeDirectory(dirname(target), mode ?? 0o755);
  await copyFile(from, target);
  await chmod(target, mode ?? statSync(from).mode & 0o777);
}

async function makeDirectory(path: string, mode: number): Promise<void> {
  const made = await mkdir(path, { recursive: true });
  if (made !== undefined) await chmod(path, mode);
}
