// The chart as the real helm renders it, for the tests of the contract layer. No cluster is asked: lookups find nothing.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { projectDir } from '../../dev/bundle.ts';
import { clusterTools } from '../../dev/tools/kubectl-and-helm.ts';

export const chartDir = join(projectDir, 'charts', 'inference-operator');

/** Kinds of the chart that lie in no namespace. */
export const clusterScoped: ReadonlySet<string> = new Set([
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
]);

// biome-ignore lint/suspicious/noExplicitAny: a test walks into objects of any kind; a wrong step fails the test.
export type Rendered = any;

export interface RenderOptions {
  /** Folder of another chart than ours. */
  readonly chart?: string;
  readonly namespace?: string;
  readonly release?: string;
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
  readonly values?: unknown;
  readonly arguments?: readonly string[];
}

const run = promisify(execFile);

export async function helm(...parameters: readonly string[]): Promise<string> {
  const { stdout } = await run(clusterTools().helm, parameters, { maxBuffer: 64 << 20 });
  return stdout;
}

export async function render(options: RenderOptions = {}): Promise<readonly Rendered[]> {
  return objectsIn(await renderText(options));
}

/** Read as Helm and kubectl read it: by YAML 1.1, where `on` is true and 0440 is octal. A key that is there twice is an error. */
export function objectsIn(text: string): readonly Rendered[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS();
    })
    .filter((object) => object !== null);
}

export async function renderText(options: RenderOptions = {}): Promise<string> {
  const running = run(
    clusterTools().helm,
    [
      'template',
      options.release ?? 'demo',
      options.chart ?? chartDir,
      ...['--namespace', options.namespace ?? 'inference-system'],
      ...['--kube-version', options.kubeVersion ?? '1.36.0'],
      ...(options.apiVersions ?? []).flatMap((version) => ['--api-versions', version]),
      ...['--values', '-'],
      ...(options.arguments ?? []),
    ],
    { maxBuffer: 64 << 20 },
  );
  running.child.stdin?.end(JSON.stringify(options.values ?? {}));
  return (await running).stdout;
}

/** What helm says on standard error where it refuses. */
export async function refusal(values: unknown, options: Omit<RenderOptions, 'values'> = {}): Promise<string> {
  try {
    await render({ ...options, values });
  } catch (error) {
    return String((error as { stderr?: string }).stderr);
  }
  throw new Error(`helm accepted ${JSON.stringify(values)}`);
}

export function find(objects: readonly Rendered[], kind: string, nameEnd = ''): Rendered {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name.endsWith(nameEnd));
  if (found.length !== 1) throw new Error(`${found.length} objects are a ${kind} *${nameEnd}`);
  return found[0];
}

/** Pod specs of everything rendered, with the name of what holds them. */
export function podSpecs(objects: readonly Rendered[]): readonly { readonly owner: string; readonly spec: Rendered }[] {
  return objects.flatMap((object) => {
    const spec = object.kind === 'Pod' ? object.spec : object.spec?.template?.spec;
    return spec?.containers === undefined ? [] : [{ owner: `${object.kind} ${object.metadata.name}`, spec }];
  });
}
