// The Dockerfile, read as instructions: small bases without a shell, a numbered user, the flags that were measured. That it builds, and
// that what comes out runs: ci-image-build.test.ts.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { imageNodeFlags, programs, projectDir } from '../../dev/bundle.ts';
import { nodeOfImage } from '../../sidecar/contract.ts';
import { readStages, type Stage, values } from '../support/docker-image.ts';

const stages = readStages(join(projectDir, 'Dockerfile'));
const stage = (name: string): Stage => stages.find((one) => one.name === name) as Stage;

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

it('builds with exactly the packages of the lock file', () => {
  expect(values(stage('build'), 'RUN')).toEqual(['npm ci --no-audit --no-fund', 'npm run build']);
});
