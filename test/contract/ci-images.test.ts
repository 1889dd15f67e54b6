// The Dockerfile, read as instructions: small bases without a shell, a numbered user, and only files that exist and are let through.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { imageNodeFlags, programs, projectDir } from '../../dev/bundle.ts';
import { nodeOfImage } from '../../sidecar/contract.ts';

interface Stage {
  readonly name: string;
  readonly base: string;
  readonly steps: readonly { readonly instruction: string; readonly rest: string }[];
}

const stages = readStages(readFileSync(join(projectDir, 'Dockerfile'), 'utf8'));
const stage = (name: string): Stage => stages.find((one) => one.name === name) as Stage;
const values = (one: Stage, instruction: string) =>
  one.steps.filter((step) => step.instruction === instruction).map(({ rest }) => rest);

it('has a stage that builds and one for each program', () => {
  expect(stages.map(({ name }) => name).sort()).toEqual(['build', ...programs].sort());
});

it.each(programs)('%s runs its bundle on distroless Node 24 as a numbered user that is not root', (program) => {
  expect(stage(program).base).toMatch(/^gcr\.io\/distroless\/nodejs24-debian\d+:nonroot$/);
  expect(values(stage(program), 'USER')).toEqual(['65532:65532']);
  expect(values(stage(program), 'RUN')).toEqual([]);
  const entrypoint: readonly string[] = JSON.parse(values(stage(program), 'ENTRYPOINT')[0] ?? '[]');
  expect(entrypoint.at(0)).toBe(nodeOfImage);
  expect(entrypoint.at(-1)).toBe(`/app/${program}.mjs`);
});

it.each(programs)('%s runs with the flags it is measured with', (program) => {
  const [, ...words]: readonly string[] = JSON.parse(values(stage(program), 'ENTRYPOINT')[0] ?? '[]');
  expect(words.slice(0, -1)).toEqual(imageNodeFlags[program]);
});

it.each(programs)('%s holds its bundle and the licences of what is inside, taken from the build', (program) => {
  const copied = values(stage(program), 'COPY').join('\n');
  // With what it loads later beside it: <program>.<part>.mjs.
  expect(copied).toContain(`/src/dist/image/${program}*.mjs /app/`);
  expect(copied).toContain(`/src/dist/image/${program}.licenses.txt`);
});

it('builds with exactly the packages of the lock file', () => {
  expect(values(stage('build'), 'RUN')).toEqual(['npm ci --no-audit --no-fund', 'npm run build']);
});

it('lets through .dockerignore what the bundles are made of', () => {
  const allowed = readFileSync(join(projectDir, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const passes = (path: string) => allowed.some((entry) => path === entry || path.startsWith(`${entry}/`));
  const needed = ['package.json', 'package-lock.json', '.npmrc', 'LICENSE'];
  const builders = ['dev/build.ts', 'dev/bundle.ts', 'dev/bundle-builtins.ts'];
  const sources = globSync('{runtime,sidecar,operator,dev/model-server}/**/*.ts', { cwd: projectDir });
  expect([...needed, ...builders, ...sources].filter((path) => !passes(path))).toEqual([]);
  expect(allowed.filter((path) => globSync(path, { cwd: projectDir }).length === 0)).toEqual([]);
});

function readStages(text: string): readonly Stage[] {
  const lines = text
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
