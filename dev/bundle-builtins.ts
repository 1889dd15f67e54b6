// How a bundle comes by Node's built-in modules: without ESM import, and those that are dear at their first use.
import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';

/**
 * Loaded when something of them is used. Whoever takes them at the top of a file would load them in every pod at every start,
 * 5 MiB and a tenth of the time, and most pods use none: keys, webhooks and async requests hash, Redis over TLS and https
 * encrypt, a WebSocket wants https. What packages require, and what our files import; of the latter only functions can wait, and
 * who imports anything else is told so when the bundle is made.
 */
const late = {
  required: ['assert', 'crypto', 'dns', 'https', 'tls', 'worker_threads', 'zlib'],
  imported: ['crypto', 'dns', 'fs/promises'],
} as const satisfies Record<string, readonly string[]>;

/** What packages ask at their start, and is so in every program of ours; to look it up would load the module. */
const known: Readonly<Record<string, string>> = { worker_threads: 'module.exports.isMainThread = true;' };

/**
 * Built-ins are taken by process.getBuiltinModule. An ESM import of node:http loads all of Node's bundled undici
 * to fill the module namespace: 15 MiB and 45 ms in every pod.
 */
export const builtinsWithoutImport: Plugin = {
  name: 'builtins-without-import',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^[a-z]/ }, ({ path, kind }) =>
      isBuiltin(path)
        ? { path: path.replace(/^node:/, ''), namespace: kind === 'import-statement' ? 'imported' : 'required' }
        : undefined,
    );
    for (const [namespace, contentsOf] of [
      ['required', forRequire],
      ['imported', forImport],
    ] as const) {
      pluginBuild.onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: contentsOf(path), loader: 'js' }));
    }
  },
};

function forRequire(builtin: string): string {
  if (!isLate('required', builtin)) return `module.exports = ${load(builtin)};`;
  const { whole, names } = contentsOf(builtin);
  return `
    let loaded;
    const load = () => (loaded ??= ${load(builtin)});
    ${typeof whole === 'function' ? 'module.exports = (...args) => load()(...args);' : ''}
    ${known[builtin] ?? ''}
    for (const name of ${JSON.stringify(names)}) {
      if (!(name in module.exports)) Object.defineProperty(module.exports, name, { enumerable: true, get: () => load()[name] });
    }`;
}

/** Each name by itself, so that those that nobody imports are left out. */
function forImport(builtin: string): string {
  const { names, functions } = contentsOf(builtin);
  const take = (name: string) => `export const ${name} = /* @__PURE__ */ take(${JSON.stringify(name)});`;
  if (isLate('imported', builtin)) {
    return `const take = (name) => (...args) => ${load(builtin)}[name](...args); ${functions.map(take).join('')}`;
  }
  const all = names.map(take).join('');
  return `const loaded = ${load(builtin)}; const take = (name) => loaded[name]; export default loaded; ${all}`;
}

function load(builtin: string): string {
  return `process.getBuiltinModule(${JSON.stringify(`node:${builtin}`)})`;
}

function isLate(way: keyof typeof late, builtin: string): boolean {
  return (late[way] as readonly string[]).includes(builtin);
}

function contentsOf(builtin: string) {
  const whole = process.getBuiltinModule(`node:${builtin}`);
  const properties = Object.entries(Object.getOwnPropertyDescriptors(whole)).filter(
    ([name, { enumerable }]) => enumerable === true && /^\w+$/.test(name),
  );
  const names = properties.map(([name]) => name);
  const functions = properties.filter(([, { value }]) => typeof value === 'function').map(([name]) => name);
  return { whole, names, functions };
}
