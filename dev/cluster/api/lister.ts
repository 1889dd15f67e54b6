// get, list and the continue token; and the JSON text of objects, which is made once an object however many clients read it.

import { type ObjectStore, objectKey } from './object-store.ts';
import type { KubeObject } from './objects.ts';
import { groupVersion, type Resource } from './resource.ts';
import { selectorOf } from './selectors.ts';
import { badRequest, expired, notFound, StatusError } from './status-error.ts';

export interface ListPage {
  readonly objects: readonly KubeObject[];
  readonly revision: number;
  readonly continueToken: string;
  readonly remaining: number | undefined;
}

interface Cursor {
  readonly revision: number;
  readonly startAfter: string;
}

export class ObjectLister {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  get(resource: Resource, namespace: string | undefined, name: string, query?: URLSearchParams): KubeObject {
    this.checkRevision(query);
    const found = this.find(resource, namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  find(resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#store.get(resource.collection, objectKey(resource.namespaced ? namespace : undefined, name));
  }

  list(resource: Resource, namespace: string | undefined, query: URLSearchParams): ListPage {
    this.checkRevision(query);
    const selector = selectorOf(resource, query);
    const limit = Number(query.get('limit') ?? 0);
    const cursor = this.#cursor(resource, query.get('continue'));
    const entries = this.#store
      .list(resource.collection, resource.namespaced ? namespace : undefined)
      .filter(
        ({ key, object }) =>
          (cursor === undefined || key > cursor.startAfter) && (selector === undefined || selector(object)),
      );
    const page = limit > 0 ? entries.slice(0, limit) : entries;
    const rest = entries.length - page.length;
    const revision = cursor?.revision ?? this.#store.revision;
    return {
      objects: page.map(({ object }) => object),
      revision,
      continueToken: rest > 0 ? token({ revision, startAfter: page.at(-1)!.key }) : '',
      // The real server does not count what a selector would have to look at.
      remaining: rest > 0 && selector === undefined ? rest : undefined,
    };
  }

  /** A client that asks for a state of the future is told to come back, as after the restart of a real server. */
  checkRevision(query: URLSearchParams | undefined): void {
    const text = query?.get('resourceVersion') ?? '';
    if (text === '') return;
    const wanted = Number(text);
    if (!Number.isSafeInteger(wanted) || wanted < 0) {
      throw badRequest(
        `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
      );
    }
    if (wanted <= this.#store.revision) return;
    throw new StatusError(504, `Timeout: Too large resource version: ${wanted}, current: ${this.#store.revision}`, {
      reason: 'Timeout',
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    });
  }

  #cursor(resource: Resource, text: string | null): Cursor | undefined {
    if (text === null || text === '') return undefined;
    const cursor = readToken(text);
    if (cursor.revision < this.#store.oldestRevision(resource.collection)) {
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
      );
    }
    return cursor;
  }
}

function token({ revision, startAfter }: Cursor): string {
  const text = JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `/${startAfter}\u0000` });
  return Buffer.from(text).toString('base64url');
}

function readToken(text: string): Cursor {
  try {
    const parsed = JSON.parse(Buffer.from(text, 'base64url').toString()) as { rv: number; start: string };
    return { revision: parsed.rv, startAfter: parsed.start.slice(1, -1) };
  } catch {
    throw badRequest('continue key is not valid: encoded continue token is not valid');
  }
}

export function presented(resource: Resource, object: KubeObject): KubeObject {
  return resource.conversion === undefined ? object : resource.conversion.fromStorage(object);
}

/** A list of a typed kind leaves kind and apiVersion out of its items; a list of custom resources keeps them. */
export function listBody(resource: Resource, page: ListPage): unknown {
  const metadata = {
    ...(resource.isCustom || page.continueToken !== '' ? { continue: page.continueToken } : {}),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
    resourceVersion: String(page.revision),
  };
  const items = page.objects.map((object) => {
    if (resource.isCustom) return object;
    const { apiVersion: _apiVersion, kind: _kind, ...rest } = presented(resource, object);
    return rest;
  });
  return { kind: resource.listKind, apiVersion: groupVersion(resource), metadata, items };
}
