// Makes one file of each program, and a few that it loads later, for the images and for the tests that look at what a program
// imports. They need nothing else. The sources need no build in development: Node runs them as they are.
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build, type Metafile, type Plugin } from 'esbuild';
import { builtinsWithoutImport } from './bundle-builtins.ts';
import { luaFilesInside } from './bundle-lua.ts';

export const projectDir = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** Where each program begins. `echo` is the sample model server: something to serve on a cluster without a model at hand. */
const entryPoints = {
  operator: 'operator/main.ts',
  sidecar: 'sidecar/main.ts',
  echo: 'dev/model-server/main.ts',
} as const;
export type Program = keyof typeof entryPoints;
export const programs = Object.keys(entryPoints) as readonly Program[];

/** With which the images run their programs, and all that measures them too; a test holds the Dockerfile to it. */
export const imageNodeFlags = {
  operator: ['--max-semi-space-size=4'],
  sidecar: ['--max-semi-space-size=4', '--min-semi-space-size=2'],
  echo: [],
} as const satisfies Record<Program, readonly string[]>;

/**
 * What a program of ours loads with `await import()` only in some pods, and what is large: a file of its own beside the program's, so
 * that the others neither read nor compile it. Each shares no module with the program but types, else it would be there twice
 * (test/contract/ci-bundles.test.ts).
 */
const loadedLater: Readonly<Record<string, string>> = {
  'sidecar/store/redis/connection.ts': 'redis-client',
  'sidecar/telemetry/span-export.ts': 'span-export',
  'http-proxy': 'http-proxy',
};

export interface Bundle {
  /** What esbuild says of the program's file. */
  readonly program: Metafile;
  /** The same of each file that the program loads later, by its name. */
  readonly later: Readonly<Record<string, Metafile>>;
}

/** Bundles a program to one file `<outDir>/<program>.mjs` that needs no other. */
export function bundleWhole(program: Program, outDir: string): Promise<Metafile> {
  return buildFile(program, entryPoints[program], outDir, []);
}

/** As the images hold it: a program to `<outDir>/<program>.mjs`, and what it loads later to `<outDir>/<program>.<part>.mjs`. */
export async function bundle(program: Program, outDir: string): Promise<Bundle> {
  const parts = new Map<string, string>();
  const whole = await buildFile(program, entryPoints[program], outDir, [laterInFilesOfTheirOwn(program, parts)]);
  const later: Record<string, Metafile> = {};
  for (const [file, entry] of [...parts].sort()) later[file] = await buildFile(file, entry, outDir, []);
  return { program: whole, later };
}

async function buildFile(
  name: string,
  entryPoint: string,
  outDir: string,
  plugins: readonly Plugin[],
): Promise<Metafile> {
  const result: BuildResult<{ metafile: true }> = await build({
    entryPoints: { [name]: entryPoint },
    absWorkingDir: projectDir,
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Names stay readable in stack traces without a source map, which would cost memory in every pod.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    plugins: [...plugins, builtinsWithoutImport, luaFilesInside, unusedPartsLeftOut],
  });
  return result.metafile;
}

function laterInFilesOfTheirOwn(program: Program, parts: Map<string, string>): Plugin {
  return {
    name: 'later-in-files-of-their-own',
    setup(pluginBuild) {
      pluginBuild.onResolve({ filter: /./ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        const target = path.startsWith('.') ? relative(projectDir, resolve(resolveDir, path)) : path;
        const part = loadedLater[target];
        if (part === undefined) return undefined;
        const file = `${program}.${part}`;
        parts.set(file, target);
        return { path: `./${file}.mjs`, external: true };
      });
    },
  };
}

/**
 * Parts of packages that no program of ours uses, and that each pod would pay for at every start and in memory. Whoever comes to
 * use one is told so instead of finding it missing.
 */
const leftOut: Readonly<Record<string, string>> = {
  'undici/lib/dispatcher/client-h2.js': 'HTTP/2 of undici',
  'prom-client/lib/cluster.js': 'the cluster registry of prom-client',
  'prom-client/lib/pushgateway.js': 'the push gateway of prom-client',
  '@opentelemetry/api/dist/index.cjs': 'exemplars of prom-client',
  'pino/lib/transport.js': 'transports of pino',
};

const unusedPartsLeftOut: Plugin = {
  name: 'unused-parts-left-out',
  setup(pluginBuild) {
    const filter = new RegExp(`node_modules/(${Object.keys(leftOut).join('|').replaceAll('.', '\\.')})$`);
    pluginBuild.onLoad({ filter }, ({ path }) => {
      const part = leftOut[filter.exec(path)?.[1] ?? ''];
      const refusal = JSON.stringify(`not in this bundle: ${part} (dev/bundle.ts)`);
      return { contents: `module.exports = function () { throw new Error(${refusal}); };`, loader: 'js' };
    });
  },
};
