// Plain JSON to and from the API server: what is sent is what was meant, what comes back is kept whole. It does not retry:
// the workqueue does, with backoff, and knows what else is due.
import type { Readable } from 'node:stream';
import { request } from 'undici';
import { readAtMost } from '../api/bounded-text.ts';
import type { List, StatusBody } from '../api/kubernetes.ts';
import { type Resource, resourcePath } from '../api/resources.ts';
import { ApiError, type Attempt, type Verb } from './api-error.ts';
import type { Connection } from './connection.ts';

const CALL_TIMEOUT_MS = 30_000;
const PAGE = 500;

export type PatchType = 'application/apply-patch+yaml' | 'application/merge-patch+json';
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Target {
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: 'status' | 'scale';
  readonly query?: Query;
}

/** Told of every finished call: metrics count them. */
export type CallObserver = (attempt: Attempt, status: number) => void;

interface Call extends Target {
  readonly verb: Verb;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

const methods = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  patch: 'PATCH',
  update: 'PUT',
  delete: 'DELETE',
} as const;

export class KubernetesClient {
  readonly #connection: Connection;
  readonly #observe: CallObserver;

  constructor(connection: Connection, observe: CallObserver = () => {}) {
    this.#connection = connection;
    this.#observe = observe;
  }

  get<T>(target: Target): Promise<T> {
    return this.#json<T>({ ...target, verb: 'get' });
  }
  create<T>(target: Target, body: unknown): Promise<T> {
    return this.#json<T>({ ...target, verb: 'create', body, contentType: 'application/json' });
  }
  update<T>(target: Target, body: unknown): Promise<T> {
    return this.#json<T>({ ...target, verb: 'update', body, contentType: 'application/json' });
  }
  patch<T>(target: Target, contentType: PatchType, body: unknown): Promise<T> {
    return this.#json<T>({ ...target, verb: 'patch', body, contentType });
  }
  delete(target: Target, body: unknown): Promise<unknown> {
    return this.#json({ ...target, verb: 'delete', body, contentType: 'application/json' });
  }

  /**
   * All pages; the resourceVersion is that of the list, from which a watch can go on. `most` asks for the first items only and
   * rejects an answer of more bytes: for what anyone in a namespace can write.
   */
  async list<T>(
    target: Target,
    signal?: AbortSignal,
    most?: { readonly items: number; readonly bytes: number },
  ): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }> {
    const items: T[] = [];
    let next: string | undefined;
    for (;;) {
      const query = { ...target.query, limit: most?.items ?? PAGE, continue: next };
      const call = { ...target, query, verb: 'list', ...(signal ? { signal } : {}) } as const;
      const page = await this.#json<List<T>>(call, most?.bytes);
      items.push(...page.items);
      next = (most === undefined && page.metadata.continue) || undefined;
      if (next === undefined) return { items, resourceVersion: page.metadata.resourceVersion ?? '' };
    }
  }

  /** The body of a watch; it ends when the server or the signal ends it. */
  async watch(target: Target, signal: AbortSignal): Promise<Readable> {
    const call: Call = { ...target, verb: 'watch', query: { ...target.query, watch: true }, signal };
    const { status, body } = await this.#send(call);
    if (status === 200) return body;
    throw new ApiError(attemptOf(call), status, parseStatus(await readAtMost(body, Number.POSITIVE_INFINITY)));
  }

  async #json<T>(call: Call, maxBytes = Number.POSITIVE_INFINITY): Promise<T> {
    const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
    const { status, body, retryAfter } = await this.#send({ ...call, signal });
    const text = await readAtMost(body, maxBytes).catch((cause: unknown) => this.#unanswered(call, cause));
    if (status < 300) return JSON.parse(text) as T;
    const parsed = parseStatus(text);
    const details = { ...parsed.details, ...(retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter }) };
    throw new ApiError(attemptOf(call), status, { ...parsed, details });
  }

  async #send(call: Call): Promise<{ status: number; body: Readable; retryAfter: number | undefined }> {
    const { server, dispatcher } = this.#connection;
    const url = new URL(server.pathname.replace(/\/$/, '') + pathOf(call), server);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    try {
      const response = await request(url, {
        dispatcher,
        method: methods[call.verb],
        headers: {
          ...(await this.#connection.headers()),
          accept: 'application/json',
          'user-agent': 'inference-operator',
          ...(call.contentType === undefined ? {} : { 'content-type': call.contentType }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
      this.#observe(attemptOf(call), response.statusCode);
      const retryAfter = Number(response.headers['retry-after']);
      return {
        status: response.statusCode,
        body: response.body,
        retryAfter: Number.isFinite(retryAfter) && response.headers['retry-after'] ? retryAfter : undefined,
      };
    } catch (cause) {
      return this.#unanswered(call, cause);
    }
  }

  #unanswered(call: Call, cause: unknown): never {
    this.#observe(attemptOf(call), 0);
    throw new ApiError(attemptOf(call), 0, { message: `no answer: ${rootMessage(cause)}` }, cause);
  }
}

/** Objects are created under their collection's path. */
function pathOf(call: Call): string {
  const name = call.verb === 'create' ? undefined : call.name;
  return resourcePath(call.resource, call.namespace, name, call.subresource);
}

function attemptOf({ verb, resource, namespace, name, subresource }: Call): Attempt {
  const group = resource.apiVersion.includes('/') ? `.${resource.apiVersion.split('/')[0]}` : '';
  const part = subresource === undefined ? '' : `/${subresource}`;
  return { verb, resource: `${resource.plural}${part}${group}`, namespace, name };
}

function parseStatus(text: string): StatusBody {
  try {
    return JSON.parse(text) as StatusBody;
  } catch {
    return { message: text.trim().slice(0, 500) };
  }
}

function rootMessage(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  return deepest instanceof Error ? deepest.message || deepest.name : String(deepest);
}
