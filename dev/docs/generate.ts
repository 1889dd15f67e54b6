// `npm run generate`, second half: fills the generated tables of every Markdown file. Files without a marker are left alone.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tables } from './tables.ts';

const projectDir = fileURLToPath(new URL('../..', import.meta.url));
const marked = /(?<open><!-- generated:(?<name>[a-z-]+) -->\n).*?(?<close><!-- \/generated -->)/gs;

/** Path (from the repository's root) to what each document with a marker should hold. */
export function generatedDocuments(): ReadonlyMap<string, string> {
  const known = tables(projectDir);
  const documents = new Map<string, string>();
  for (const path of globSync('**/*.md', { cwd: projectDir, exclude: ['node_modules', 'dist'] }).sort()) {
    const text = readFileSync(join(projectDir, path), 'utf8');
    if (!text.includes('<!-- generated:')) continue;
    const filled = text.replace(marked, (_match, open: string, name: string, ...rest: readonly unknown[]) => {
      const { close } = rest.at(-1) as { readonly close: string };
      const table = known[name];
      if (table === undefined) {
        throw new Error(`${path} wants the table "${name}"; dev/docs/tables.ts has ${Object.keys(known).join(', ')}`);
      }
      return `${open}${table()}\n${close}`;
    });
    documents.set(path, filled);
  }
  return documents;
}

if (import.meta.main) {
  for (const [path, content] of generatedDocuments()) writeFileSync(join(projectDir, path), content);
}
