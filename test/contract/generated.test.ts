// What is generated is committed: the files hold exactly what `npm run generate` would write.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generatedFiles } from '../../crds/generate.ts';
import { projectDir } from '../../dev/bundle.ts';
import { generatedDocuments } from '../../dev/docs/generate.ts';

it('has the files that follow from the resource definition', async () => {
  const files = await generatedFiles();
  expect(files.size).toBeGreaterThanOrEqual(3);
  for (const [path, content] of files) expect(committed(path) === content, stale(path)).toBe(true);
});

it('has the tables of the documents that follow from the code', () => {
  const documents = generatedDocuments();
  expect([...documents.keys()]).toContain('charts/inference-operator/README.md');
  for (const [path, content] of documents) expect(committed(path) === content, stale(path)).toBe(true);
});

const committed = (path: string): string => readFileSync(join(projectDir, path), 'utf8');
const stale = (path: string): string => `${path} is not what npm run generate writes: run it and commit`;
