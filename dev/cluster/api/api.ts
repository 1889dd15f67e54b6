// The API server without its network: routes a request to discovery or to a verb on a served resource, and turns refusals into
// Status answers. Owns the parts and wires the housekeeping (definitions, garbage collector, namespaces) to the store.
import type { Readable } from 'node:stream';
import type { Kubelet } from '../kubelet.ts';
import { Access, attributesOf } from './access.ts';
import { Actions } from './actions.ts';
import { parseApplyBody, parseJson } from './body.ts';
import { builtinResources } from './builtin-resources.ts';
import { BuiltinSchemas } from './builtin-schemas.ts';
import { DEFINITIONS, Definitions } from './definitions.ts';
import { ObjectDeleter } from './deleter.ts';
import { aggregatedDiscovery, apiGroup, apiGroups, apiResources, apiVersions, VERSION } from './discovery.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { Identity } from './identity.ts';
import { builtinRules } from './kind-rules.ts';
import { ObjectLister } from './lister.ts';
import { Namespaces } from './namespaces.ts';
import { ObjectStore, objectKey } from './object-store.ts';
import { isFields } from './objects.ts';
import { openApiDocument, openApiIndex } from './openapi.ts';
import { podLog } from './pod-log.ts';
import { ResourceRegistry } from './registry.ts';
import { type ApiPath, type ApiRequest, type ApiResponse, parseApiPath } from './request.ts';
import { review } from './reviews.ts';
import { methodNotAllowed } from './status-error.ts';
import { checkVerb, type Target, Verbs } from './verbs.ts';
import { isTrue } from './watcher.ts';
import { ObjectWriter } from './writer.ts';

export interface ApiOptions {
  readonly address: string;
  readonly certificate: string;
  readonly historyLength: number;
  readonly nowMs: () => number;
}

/** `watch` is served by the caller, who owns the connection. */
export type Routed =
  | { readonly kind: 'answer'; readonly response: ApiResponse }
  | { readonly kind: 'watch'; readonly target: Target }
  | { readonly kind: 'log'; readonly stream: Readable | undefined };

const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

const NOT_SERVED: ApiResponse = { code: 404, body: '404 page not found\n', contentType: 'text/plain; charset=utf-8' };

export class Api {
  readonly store: ObjectStore;
  readonly registry = new ResourceRegistry();
  readonly schemas = new BuiltinSchemas();
  readonly identity: Identity;
  /** Kubelets that can be asked for logs, by node. */
  readonly kubelets = new Map<string, Kubelet>();
  readonly #lister: ObjectLister;
  readonly #access: Access;
  readonly #verbs: Verbs;
  readonly #actions: Actions;
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.store = new ObjectStore(options.historyLength);
    const { store, registry, schemas } = this;
    const { nowMs, certificate } = options;
    const rules = builtinRules({
      serviceAccount: (namespace, name) => store.get('serviceaccounts', objectKey(namespace, name)),
      priorityClass: (name) => store.get('priorityclasses.scheduling.k8s.io', name),
      runtimeClass: (name) => store.get('runtimeclasses.node.k8s.io', name),
    });
    for (const resource of builtinResources(schemas, rules)) {
      registry.add(resource);
      store.ensureCollection(resource.collection);
    }
    const writer = new ObjectWriter(store, nowMs);
    const deleter = new ObjectDeleter(store, nowMs);
    const lister = new ObjectLister(store);
    this.#lister = lister;
    this.identity = new Identity(
      (namespace, name) => store.get('serviceaccounts', objectKey(namespace, name)) !== undefined,
    );
    this.#access = new Access(store);
    this.#verbs = new Verbs({ lister, writer, deleter, nowMs });
    const tokenFor = (namespace: string, name: string) => this.identity.tokenFor(namespace, name);
    this.#actions = new Actions({ store, registry, lister, writer, deleter, tokenFor, nowMs });
    const definitions = new Definitions({
      store,
      registry,
      deleter,
      metadataSchema: schemas.model('V1ObjectMeta'),
      nowMs,
    });
    const collector = new GarbageCollector(store, registry, deleter);
    const namespaces = new Namespaces({ store, registry, writer, deleter, certificate });
    store.subscribeToAll((collection, change) => {
      if (collection === DEFINITIONS) definitions.changed(change);
      else if (change.type === 'DELETED') definitions.instanceGone(collection);
      collector.changed(collection, change);
      namespaces.changed(collection, change);
    });
    for (const name of SYSTEM_NAMESPACES) namespaces.create(name);
  }

  route(request: ApiRequest): Routed {
    const path = parseApiPath(request.pathname);
    if (path === undefined) {
      this.#access.checkPath(request.user, request.method, request.pathname);
      return { kind: 'answer', response: this.#nonResource(request) };
    }
    this.#access.check(request.user, attributesOf(request, path));
    const found = this.#target(path);
    if (found === undefined) return { kind: 'answer', response: NOT_SERVED };
    const { resource } = found;
    if (path.subresource === 'log' && resource.collection === 'pods' && request.method === 'GET') {
      const pod = this.#lister.get(resource, path.namespace, path.name!);
      return { kind: 'log', stream: podLog(pod, request.query, this.kubelets) };
    }
    const answer = this.#action(request, found);
    if (answer !== undefined) return { kind: 'answer', response: answer };
    checkVerb(resource, path, request.method);
    const isWatch = request.method === 'GET' && path.subresource === undefined && isTrue(request.query.get('watch'));
    return isWatch ? { kind: 'watch', target: found } : { kind: 'answer', response: this.#perform(request, found) };
  }

  /** Requests that store nothing under the name they carry: reviews, bindings, evictions, tokens. */
  #action(request: ApiRequest, target: Target): ApiResponse | undefined {
    const { resource, path } = target;
    const isReview = resource.verbs.length === 1;
    if (!isReview && !resource.actions.some((action) => action.name === path.subresource)) return undefined;
    if (request.method !== 'POST') throw methodNotAllowed();
    const body = bodyOf(request, resource.kind);
    if (isReview) return review(this.#access, request, resource, body, this.#options.nowMs());
    return this.#actions.perform(request, target, isFields(body) ? body : {});
  }

  #target(path: ApiPath): Target | undefined {
    const resource = this.registry.find(path.group, path.version, path.plural);
    if (resource === undefined || (path.namespace !== undefined && !resource.namespaced)) return undefined;
    return { resource, path };
  }

  #perform(request: ApiRequest, target: Target): ApiResponse {
    const isNamed = target.path.name !== undefined;
    switch (request.method) {
      case 'GET':
        return isNamed ? this.#verbs.get(request, target) : this.#verbs.list(request, target);
      case 'POST':
        return this.#verbs.create(request, target);
      case 'PUT':
        return this.#verbs.update(request, target);
      case 'PATCH':
        return this.#verbs.patch(request, target);
      case 'DELETE':
        return isNamed ? this.#verbs.delete(request, target) : this.#verbs.deleteCollection(request, target);
      default:
        throw methodNotAllowed();
    }
  }

  #nonResource(request: ApiRequest): ApiResponse {
    const found = request.method === 'GET' ? this.#document(request) : undefined;
    return found ?? NOT_SERVED;
  }

  #document({ pathname, headers }: ApiRequest): ApiResponse | undefined {
    const json = (body: unknown) => (body === undefined ? undefined : { code: 200, body });
    const isAggregated =
      /as=APIGroupDiscoveryList/.test(headers.accept ?? '') && /v=v2(;|,|$)/.test(headers.accept ?? '');
    const parts = pathname.split('/').filter((part) => part !== '');
    if (pathname === '/api' || pathname === '/apis') {
      const isCore = pathname === '/api';
      if (isAggregated) return { code: 200, body: aggregatedDiscovery(this.registry, isCore), contentType: AGGREGATED };
      return json(isCore ? apiVersions(this.#options.address) : apiGroups(this.registry));
    }
    if (pathname === '/version') return json(VERSION);
    if (pathname === '/openapi/v3') return { code: 200, body: openApiIndex(this.registry) };
    if (pathname.startsWith('/openapi/v3/'))
      return json(openApiDocument(this.registry, pathname.slice('/openapi/v3/'.length)));
    if (/^\/(healthz|livez|readyz)$/.test(pathname))
      return { code: 200, body: 'ok', contentType: 'text/plain; charset=utf-8' };
    if (parts[0] === 'api' && parts.length === 2) return json(apiResources(this.registry, '', parts[1]!));
    if (parts[0] === 'apis' && parts.length === 2) return json(apiGroup(this.registry, parts[1]!));
    if (parts[0] === 'apis' && parts.length === 3) return json(apiResources(this.registry, parts[1]!, parts[2]!));
    return undefined;
  }
}

function bodyOf(request: ApiRequest, kind: string): unknown {
  return request.contentType === 'application/yaml'
    ? parseApplyBody(request.body)
    : parseJson(request.body, kind).value;
}
