// `npm run build`: dist/operator.mjs, dist/sidecar.mjs and dist/echo.mjs with what they load later, which the images hold, and the
// licences of what is inside.
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bundle, bundle, programs, projectDir } from './bundle.ts';

const outDir = join(projectDir, 'dist');
await rm(outDir, { recursive: true, force: true });
await mkdir(outDir, { recursive: true });
for (const program of programs) {
  const bundled = await bundle(program, outDir);
  await writeFile(join(outDir, `${program}.licenses.txt`), await licenses(bundled));
  for (const name of [program, ...Object.keys(bundled.later)]) {
    const { size } = await stat(join(outDir, `${name}.mjs`));
    process.stdout.write(`dist/${name}.mjs  ${(size / 1024).toFixed(0)} KiB\n`);
  }
}

/** The licence text of every package in the bundle, in a fixed order: most of them ask that it travels along. */
async function licenses({ program, later }: Bundle): Promise<string> {
  const folders = new Set<string>();
  for (const input of [program, ...Object.values(later)].flatMap(({ inputs }) => Object.keys(inputs))) {
    const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  const parts: string[] = [];
  for (const folder of [...folders].sort()) {
    const manifest = JSON.parse(await readFile(join(projectDir, folder, 'package.json'), 'utf8'));
    const file = (await readdir(join(projectDir, folder))).find((name) => /^(licen[cs]e|copying)/i.test(name));
    const text =
      file === undefined ? `Licence: ${manifest.license}` : await readFile(join(projectDir, folder, file), 'utf8');
    parts.push(`${manifest.name} ${manifest.version} (${manifest.license})\n\n${text.trim()}\n`);
  }
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}
