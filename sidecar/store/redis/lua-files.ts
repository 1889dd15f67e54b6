// The texts of lua/, by name. Where a bundle holds this module it holds them instead (dev/bundle-lua.ts): there are no files beside it.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const luaFiles: Readonly<Record<string, string>> = readLuaFiles();

/** By path without its end (`submit`, `include/clock`), without comments, which Redis would keep and hash; includes are kept. */
export function readLuaFiles(): Readonly<Record<string, string>> {
  const cwd = fileURLToPath(new URL('./lua/', import.meta.url));
  const names = globSync('**/*.lua', { cwd }).map((file) => file.slice(0, -'.lua'.length));
  return Object.fromEntries(
    names.sort().map((name) => [name, withoutComments(readFileSync(`${cwd}${name}.lua`, 'utf8'))]),
  );
}

function withoutComments(text: string): string {
  const lines = text.split('\n').map((line) => line.trimStart());
  return lines.filter((line) => line !== '' && (!line.startsWith('--') || line.startsWith('--@include'))).join('\n');
}
