// `npm run build`: each program as one file, dist/operator.mjs, dist/sidecar.mjs and dist/echo.mjs, to be run anywhere with Node 24; and in
// dist/image/<program>/ what its image holds: /app, in a few files of which a pod reads what it uses, and /licenses of what is inside.
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Bundle, bundle, bundleWhole, programs, projectDir } from './bundle.ts';

const outDir = join(projectDir, 'dist');
await rm(outDir, { recursive: true, force: true });
for (const program of programs) {
  await bundleWhole(program, outDir);
  const [appDir, licenseDir] = [join(outDir, 'image', program, 'app'), join(outDir, 'image', program, 'licenses')];
  const bundled = await bundle(program, appDir);
  await mkdir(licenseDir, { recursive: true });
  await writeFile(join(licenseDir, `${program}.licenses.txt`), await licenses(bundled));
  await copyFile(join(projectDir, 'LICENSE'), join(licenseDir, 'LICENSE'));
  for (const folder of [appDir, licenseDir]) await letEverybodyRead(folder);
  const files = [join(outDir, program), ...[program, ...Object.keys(bundled.later)].map((name) => join(appDir, name))];
  for (const file of files) {
    const { size } = await stat(`${file}.mjs`);
    process.stdout.write(`${relative(projectDir, file)}.mjs  ${(size / 1024).toFixed(0)} KiB\n`);
  }
}

/**
 * Whatever the umask and the modes of the checkout: the images' user is not who built them. Set here, since builders differ in what
 * `COPY --chmod` makes of a directory (from Docker 28.1 on it gets the files' mode, and nobody but root can enter it).
 */
async function letEverybodyRead(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await chmod(join(folder, name), 0o444);
  await chmod(folder, 0o755);
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
