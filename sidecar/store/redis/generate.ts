// Writes scripts.ts from lua/*.lua, includes put in place. Node cannot import .lua and a bundle has no files beside it, so the
// texts are committed as TypeScript; a test holds them to the .lua files. Run: node sidecar/store/redis/generate.ts
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('./lua/', import.meta.url);

export function readScripts(): string {
  const files = readdirSync(folder).filter((file) => file.endsWith('.lua'));
  const entries = files.sort().map((file) => {
    const name = file.slice(0, -'.lua'.length).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    return `  ${name}: ${asTemplate(withIncludes(file))},\n`;
  });
  return `// Generated from lua/*.lua by generate.ts; do not edit.\n\nexport const scripts = {\n${entries.join('')}} as const;\n`;
}

function withIncludes(file: string): string {
  const text = readFileSync(new URL(file, folder), 'utf8');
  const whole = text.replace(/^--@include (\w+)$/gm, (_, name: string) =>
    withIncludes(`include/${name}.lua`).trimEnd(),
  );
  // Comments are for readers of the .lua files; Redis would keep and hash them.
  return whole.replace(/^\s*--.*\n/gm, '').replace(/^\s+/gm, '');
}

function asTemplate(text: string): string {
  // As the formatter would leave it, so that generating again changes nothing.
  return `\`${text.replace(/[\\`]|\$(?=\{)/g, '\\$&')}\``;
}

if (import.meta.main) writeFileSync(new URL('./scripts.ts', import.meta.url), readScripts());
