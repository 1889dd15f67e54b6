// The project's own TypeScript files and what each imports, for the tests that hold the house together.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { projectDir } from '../../dev/bundle.ts';

export interface Source {
  /** From the repository's root, for example sidecar/gate/gate.ts. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export interface Import {
  /** Path of a project's file, or the name of a package or built-in. */
  readonly target: string;
  readonly isPackage: boolean;
  readonly isTypeOnly: boolean;
}

const statement = /^(?:import|export)\s+(?<type>type\s)?[^'";]*?from\s+'(?<from>[^']+)'|^import\s+'(?<bare>[^']+)'/gm;
const call = /\bimport\('(?<from>[^']+)'\)|\brequire\('(?<required>[^']+)'\)/g;

export function projectSources(...folders: readonly string[]): readonly Source[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: projectDir }))
    .sort()
    .map((path) => {
      const text = readFileSync(join(projectDir, path), 'utf8');
      return { path, text, imports: importsOf(path, text) };
    });
}

function importsOf(path: string, text: string): readonly Import[] {
  return [...text.matchAll(statement), ...text.matchAll(call)].map(({ groups = {} }) => {
    const name = groups.from ?? groups.bare ?? groups.required ?? '';
    const isPackage = !name.startsWith('.');
    return {
      target: isPackage ? name.replace(/^((?:@[^/]+\/)?[^/]+).*$/, '$1') : normalize(join(dirname(path), name)),
      isPackage,
      isTypeOnly: groups.type !== undefined,
    };
  });
}
