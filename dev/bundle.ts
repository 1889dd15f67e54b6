// Makes one self-contained file of each program, for the images and for the tests that look at what a program imports.
// The sources need no build in development: Node runs them as they are.
import { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build, type Metafile, type Plugin } from 'esbuild';

export const projectDir = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** Where each program begins. `echo` is the sample model server: something to serve on a cluster without a model at hand. */
const entryPoints = {
  operator: 'operator/main.ts',
  sidecar: 'sidecar/main.ts',
  echo: 'dev/model-server/main.ts',
} as const;
export type Program = keyof typeof entryPoints;
export const programs = Object.keys(entryPoints) as readonly Program[];

/** With which the images run operator and sidecar, and all that measures them too; a test holds the Dockerfile to it. */
export const imageNodeFlags: readonly string[] = ['--max-semi-space-size=4'];

/** Bundles a program to `<outDir>/<program>.mjs` and returns esbuild's account of what went in. */
export async function bundle(program: Program, outDir: string): Promise<Metafile> {
  const result: BuildResult<{ metafile: true }> = await build({
    entryPoints: { [program]: join(projectDir, entryPoints[program]) },
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
    plugins: [builtinsWithoutImport, unusedPartsLeftOut],
  });
  return result.metafile;
}

/**
 * Node built-ins are taken by process.getBuiltinModule. An ESM import of node:http loads all of Node's bundled undici
 * to fill the module namespace: 15 MiB and 45 ms in every pod.
 */
const builtinsWithoutImport: Plugin = {
  name: 'builtins-without-import',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^[a-z]/ }, ({ path }) =>
      isBuiltin(path) ? { path: path.replace(/^node:/, ''), namespace: 'builtin' } : undefined,
    );
    pluginBuild.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(`node:${path}`)});`,
      loader: 'js',
    }));
  },
};

/**
 * Parts of packages that no program of ours uses, and that each pod would pay for at every start and in memory. Whoever comes to
 * use one is told so instead of finding it missing.
 */
const leftOut: Readonly<Record<string, string>> = {
  'undici/lib/dispatcher/client-h2.js': 'HTTP/2 of undici',
  'prom-client/lib/cluster.js': 'the cluster registry of prom-client',
  'prom-client/lib/pushgateway.js': 'the push gateway of prom-client',
  '@opentelemetry/api/dist/index.cjs': 'exemplars of prom-client',
  'thread-stream/index.js': 'transports of pino',
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
