// Writes scripts.ts from lua/*.lua: a text for each include, and each step put together from them. Node cannot import .lua and a bundle
// has no files beside it, so the texts are committed as TypeScript; a test holds them to the .lua files.
// Run: node sidecar/store/redis/generate.ts
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('./lua/', import.meta.url);

export function readScripts(): string {
  const includes = new Map<string, string>();
  const steps = luaFiles().map((name) => `  ${nameOf(name)}: ${template(name, includes)},\n`);
  const parts = [...includes].map(([name, text]) => `const ${name} = ${text};\n`);
  return `// Generated from lua/*.lua by generate.ts; do not edit.\n\n${parts.join('')}\nexport const scripts = {\n${steps.join('')}} as const;\n`;
}

function luaFiles(): readonly string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.lua'));
  return files.sort().map((file) => file.slice(0, -'.lua'.length));
}

const nameOf = (file: string): string => file.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The text as a template that names its includes; those that were not yet there are added, each behind what it includes itself. */
function template(file: string, includes: Map<string, string>): string {
  const lines = readFileSync(new URL(`${file}.lua`, folder), 'utf8')
    .trimEnd()
    .split('\n');
  const kept = lines.flatMap((line) => {
    const include = /^--@include (\w+)$/.exec(line)?.[1];
    if (include === undefined) return luaLine(line);
    if (!includes.has(include)) includes.set(include, template(`include/${include}`, includes));
    return `\${${include}}`;
  });
  // An include ends where the line of the one that includes it does.
  return `\`${kept.join('\n')}${file.startsWith('include/') ? '' : '\n'}\``;
}

/** Comments are for readers of the .lua files; Redis would keep and hash them. Escaped as the formatter would leave it. */
function luaLine(line: string): readonly string[] {
  const text = line.trimStart();
  return text === '' || text.startsWith('--') ? [] : [text.replace(/[\\`]|\$(?=\{)/g, '\\$&')];
}

if (import.meta.main) writeFileSync(new URL('./scripts.ts', import.meta.url), readScripts());
