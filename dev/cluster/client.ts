// A small client for the loopback cluster's own API server, used by its controllers and node agents as the real ones use theirs:
// JSON over HTTPS with what a kubeconfig says. It does not retry and does not cache: watch-cache.ts does.
import { readFileSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { Agent, request } from 'undici';
import { parse } from 'yaml';
import type { KubeObject } from './objects.ts';

export type Resource<T extends KubeObject> = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  /** Never set: carries T, so that get and list know what they return. */
  readonly as?: T;
};

export type Query = { readonly [parameter: string]: string | number | boolean | undefined };
export type ObjectList<T> = { readonly items: readonly T[]; readonly resourceVersion: string };
export type WatchEvent<T> = { readonly type: string; readonly object: T };
export type PatchKind = 'merge' | 'strategic' | 'json' | 'apply';

/** A refusal of the API server: its Status as an exception. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}
export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.code === 404;
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.code === 409;

export type Address = { readonly namespace?: string; readonly name?: string; readonly subresource?: string };

type Kubeconfig = {
  readonly 'current-context': string;
  readonly contexts: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly clusters: readonly { readonly name: string; readonly cluster: { readonly [field: string]: string } }[];
  readonly users?: readonly { readonly name: string; readonly user?: { readonly [field: string]: string } }[];
};

export class ClusterClient {
  readonly server: string;
  readonly #agent: Agent;
  readonly #headers: { readonly [name: string]: string };

  /** `program` becomes the User-Agent and with it the manager in managedFields, as with the real components. */
  constructor(kubeconfigPath: string, program: string) {
    const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
    const context = config.contexts.find((entry) => entry.name === config['current-context'])?.context;
    const cluster = config.clusters.find((entry) => entry.name === context?.cluster)?.cluster;
    if (!context || !cluster?.server)
      throw new Error(`${kubeconfigPath}: current-context names no cluster with a server`);
    const user = config.users?.find((entry) => entry.name === context.user)?.user ?? {};
    this.server = cluster.server.replace(/\/$/, '');
    this.#agent = new Agent({
      bodyTimeout: 0,
      headersTimeout: 60_000,
      connect: {
        ca: pem(cluster, 'certificate-authority'),
        cert: pem(user, 'client-certificate'),
        key: pem(user, 'client-key'),
        rejectUnauthorized: cluster['insecure-skip-tls-verify'] === undefined,
      },
    });
    this.#headers = {
      'user-agent': `${program}/loopback`,
      accept: 'application/json',
      ...(user.token ? { authorization: `Bearer ${user.token}` } : {}),
    };
  }

  get<T extends KubeObject>(resource: Resource<T>, at: Address): Promise<T> {
    return this.#call<T>('GET', pathOf(resource, at));
  }

  async list<T extends KubeObject>(resource: Resource<T>, at: Address = {}, query: Query = {}): Promise<ObjectList<T>> {
    type Listed = { items: T[] | null; metadata: { resourceVersion: string } };
    const answer = await this.#call<Listed>('GET', pathOf(resource, at), query);
    return { items: answer.items ?? [], resourceVersion: answer.metadata.resourceVersion };
  }

  create<T extends KubeObject>(resource: Resource<T>, at: Address, body: object): Promise<T> {
    return this.#call<T>(
      'POST',
      pathOf(resource, at),
      {},
      { kind: resource.kind, apiVersion: resource.apiVersion, ...body },
    );
  }

  replace<T extends KubeObject>(resource: Resource<T>, at: Address, body: object): Promise<T> {
    return this.#call<T>(
      'PUT',
      pathOf(resource, at),
      {},
      { kind: resource.kind, apiVersion: resource.apiVersion, ...body },
    );
  }

  patch<T extends KubeObject>(
    resource: Resource<T>,
    at: Address,
    kind: PatchKind,
    body: unknown,
    query: Query = {},
  ): Promise<T> {
    return this.#call<T>('PATCH', pathOf(resource, at), query, body, patchTypes[kind]);
  }

  /** The object as it was marked for deletion, or undefined where the server answered with a bare Status. */
  async delete<T extends KubeObject>(resource: Resource<T>, at: Address, options: object = {}): Promise<T | undefined> {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', ...options };
    const answer = await this.#call<T>('DELETE', pathOf(resource, at), {}, body);
    return answer.kind === 'Status' ? undefined : answer;
  }

  /** One watch, until the server ends it, the connection breaks (throws) or the signal fires. */
  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    at: Address,
    query: Query,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    const url = this.#url(pathOf(resource, at), { ...query, watch: true });
    const answer = await request(url, { dispatcher: this.#agent, headers: this.#headers, signal });
    if (answer.statusCode !== 200) throw asError(answer.statusCode, await answer.body.text());
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for await (const chunk of answer.body) {
      const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim()) yield JSON.parse(line) as WatchEvent<T>;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #url(path: string, query: Query): string {
    const known = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(known.map(([key, value]): [string, string] => [key, String(value)])).toString();
    return `${this.server}${path}${search ? `?${search}` : ''}`;
  }

  async #call<R>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    query: Query = {},
    body?: unknown,
    type?: string,
  ): Promise<R> {
    const answer = await request(this.#url(path, query), {
      method,
      dispatcher: this.#agent,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw asError(answer.statusCode, text);
    return JSON.parse(text) as R;
  }
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

function pathOf(resource: Resource<KubeObject>, at: Address): string {
  const root = resource.apiVersion.includes('/') ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`;
  const parts = [at.namespace && `namespaces/${at.namespace}`, resource.plural, at.name, at.subresource];
  return `${root}/${parts.filter(Boolean).join('/')}`;
}

function pem(section: { readonly [field: string]: string }, field: string): string | undefined {
  const inline = section[`${field}-data`];
  if (inline) return Buffer.from(inline, 'base64').toString('utf8');
  const file = section[field];
  return file ? readFileSync(file, 'utf8') : undefined;
}

function asError(code: number, text: string): ApiError {
  try {
    const status = JSON.parse(text) as { reason?: string; message?: string };
    return new ApiError(code, status.reason ?? '', status.message ?? text);
  } catch {
    return new ApiError(code, '', text || `HTTP ${code}`);
  }
}
