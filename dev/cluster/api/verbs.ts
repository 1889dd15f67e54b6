// What each verb does with a request for a served resource: read, decode, write, answer. The order of checks is the real server's.

import { parseApplyBody, parseJson } from './body.ts';
import { decodeObject, fieldValidation } from './decode.ts';
import { deleteOptions, type ObjectDeleter } from './deleter.ts';
import { listBody, type ObjectLister, presented } from './lister.ts';
import { copy, isFields, type KubeObject } from './objects.ts';
import { APPLY_PATCH, checkPatchType, patched } from './patcher.ts';
import { type ApiPath, type ApiRequest, type ApiResponse, fieldManager, isDryRun } from './request.ts';
import type { Resource } from './resource.ts';
import { scaleOf, withScale } from './scale.ts';
import { serverSideApply } from './server-side-apply.ts';
import { badRequest, methodNotAllowed, StatusError, unsupportedMediaType } from './status-error.ts';
import { partialMetadata, tableOf, wantsMetadataOnly, wantsTable } from './table.ts';
import type { ObjectWriter } from './writer.ts';

export interface VerbParts {
  readonly lister: ObjectLister;
  readonly writer: ObjectWriter;
  readonly deleter: ObjectDeleter;
  readonly nowMs: () => number;
}

export interface Target {
  readonly resource: Resource;
  readonly path: ApiPath;
}

type Subresource = '' | 'status' | 'scale';

export class Verbs {
  readonly #parts: VerbParts;

  constructor(parts: VerbParts) {
    this.#parts = parts;
  }

  get(request: ApiRequest, { resource, path }: Target): ApiResponse {
    const object = this.#parts.lister.get(resource, path.namespace, path.name!, request.query);
    if (path.subresource === 'scale') return { code: 200, body: scaleOf(resource.scale!, object) };
    return { code: 200, body: this.#shown(request, resource, object) };
  }

  list(request: ApiRequest, { resource, path }: Target): ApiResponse {
    const { query } = request;
    const named = path.name === undefined ? query : withName(query, path.name);
    const page = this.#parts.lister.list(resource, path.namespace, named);
    const accept = request.headers.accept ?? '';
    const metadata = {
      ...(page.continueToken === '' ? {} : { continue: page.continueToken }),
      ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
      resourceVersion: String(page.revision),
    };
    if (wantsTable(accept)) {
      const includeObject = query.get('includeObject') ?? 'Metadata';
      return {
        code: 200,
        body: tableOf(resource, page.objects, {
          metadata,
          includeObject,
          nowMs: this.#parts.nowMs(),
          withColumns: true,
        }),
      };
    }
    if (wantsMetadataOnly(accept) === undefined) return { code: 200, body: listBody(resource, page) };
    const items = page.objects.map(partialMetadata);
    return { code: 200, body: { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items } };
  }

  create(request: ApiRequest, { resource, path }: Target): ApiResponse {
    const { value, duplicates } = this.#json(request, resource.kind);
    const { object, warnings, isForeignKind } = decodeObject(resource, value, duplicates, fieldValidation(request));
    const options = { manager: fieldManager(request), isDryRun: isDryRun(request), isForeignKind };
    const created = this.#parts.writer.create(resource, path.namespace, object, options);
    return { code: 201, body: this.#shown(request, resource, created), warnings };
  }

  update(request: ApiRequest, { resource, path }: Target): ApiResponse {
    const subresource = (path.subresource ?? '') as Subresource;
    if (subresource === 'scale') {
      const live = this.#parts.lister.get(resource, path.namespace, path.name!);
      return this.#rescale(request, resource, live, this.#json(request, 'Scale').value);
    }
    const { value, duplicates } = this.#json(request, resource.kind);
    const { object, warnings, isForeignKind } = decodeObject(resource, value, duplicates, fieldValidation(request));
    const live = this.#parts.lister.get(resource, path.namespace, path.name!);
    const options = {
      manager: fieldManager(request),
      isDryRun: isDryRun(request),
      isForeignKind,
      subresource,
      isPatch: false,
    };
    const updated = this.#parts.writer.update(resource, live, object, options);
    return { code: 200, body: this.#shown(request, resource, updated), warnings };
  }

  patch(request: ApiRequest, target: Target): ApiResponse {
    const { resource, path } = target;
    checkPatchType(resource, request.contentType);
    const subresource = (path.subresource ?? '') as Subresource;
    if (request.contentType === APPLY_PATCH)
      return this.#apply(request, target, subresource === 'status' ? 'status' : '');
    if (request.query.get('force') !== null && request.query.get('force') !== '') {
      throw badRequest(
        'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
      );
    }
    const live = this.#parts.lister.get(resource, path.namespace, path.name!);
    const { value: patch } = this.#json(request, resource.kind, true);
    if (subresource === 'scale') {
      const scale = patched(resource, copy(scaleOf(resource.scale!, live)), request.contentType, patch);
      return this.#rescale(request, resource, live, scale);
    }
    const shown = presented(resource, live);
    const result = patched(resource, shown, request.contentType, patch);
    const { object, warnings } = decodeObject(resource, result, [], fieldValidation(request));
    const options = { manager: fieldManager(request), isDryRun: isDryRun(request), subresource, isPatch: true };
    const updated = this.#parts.writer.update(resource, live, object, options);
    return { code: 200, body: this.#shown(request, resource, updated), warnings };
  }

  delete(request: ApiRequest, { resource, path }: Target): ApiResponse {
    const options = deleteOptions(this.#optionalJson(request), request.query);
    const live = this.#parts.lister.get(resource, path.namespace, path.name!);
    const deletion = this.#parts.deleter.delete(resource, live, options);
    // Pods and other kinds that end gracefully answer with the object, as does everything that still waits for someone.
    if (deletion.outcome === 'pending' || resource.collection === 'pods') {
      return { code: 200, body: this.#shown(request, resource, deletion.object) };
    }
    const { name, uid } = deletion.object.metadata;
    const details = { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural, uid };
    return { code: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } };
  }

  deleteCollection(request: ApiRequest, { resource, path }: Target): ApiResponse {
    const options = deleteOptions(this.#optionalJson(request), request.query);
    const page = this.#parts.lister.list(resource, path.namespace, request.query);
    for (const object of page.objects) this.#parts.deleter.delete(resource, object, options);
    return { code: 200, body: listBody(resource, page) };
  }

  #apply(request: ApiRequest, { resource, path }: Target, subresource: '' | 'status'): ApiResponse {
    const live = this.#parts.lister.find(resource, path.namespace, path.name!);
    const applyTarget = { resource, namespace: path.namespace, name: path.name!, subresource, live };
    const body = parseApplyBody(request.body);
    const { object, isCreated, warnings } = serverSideApply(
      this.#parts.writer,
      request,
      applyTarget,
      body,
      this.#parts.nowMs(),
    );
    return { code: isCreated ? 201 : 200, body: this.#shown(request, resource, object), warnings };
  }

  #rescale(request: ApiRequest, resource: Resource, live: KubeObject, scale: unknown): ApiResponse {
    const next = withScale(resource, resource.scale!, copy(live), scale);
    const options = {
      manager: fieldManager(request),
      isDryRun: isDryRun(request),
      subresource: 'scale' as const,
      isPatch: true,
    };
    return { code: 200, body: scaleOf(resource.scale!, this.#parts.writer.update(resource, live, next, options)) };
  }

  #shown(request: ApiRequest, resource: Resource, object: KubeObject): unknown {
    const accept = request.headers.accept ?? '';
    if (wantsTable(accept)) {
      const metadata = { resourceVersion: object.metadata.resourceVersion };
      const includeObject = request.query.get('includeObject') ?? 'Metadata';
      return tableOf(resource, [object], { metadata, includeObject, nowMs: this.#parts.nowMs(), withColumns: true });
    }
    if (wantsMetadataOnly(accept) === 'object') return partialMetadata(object);
    return presented(resource, object);
  }

  #json(request: ApiRequest, kind: string, isPatch = false): { value: unknown; duplicates: readonly string[] } {
    const { contentType } = request;
    if (!isPatch && contentType !== 'application/json' && contentType !== '' && contentType !== 'application/yaml') {
      throw unsupportedMediaType(['application/json', 'application/yaml']);
    }
    if (contentType === 'application/yaml') return { value: parseApplyBody(request.body), duplicates: [] };
    return parseJson(request.body, kind);
  }

  #optionalJson(request: ApiRequest): unknown {
    if (request.body === '') return undefined;
    const value: unknown =
      request.contentType === 'application/yaml'
        ? parseApplyBody(request.body)
        : parseJson(request.body, 'DeleteOptions').value;
    return isFields(value) ? value : undefined;
  }
}

function withName(query: URLSearchParams, name: string): URLSearchParams {
  const result = new URLSearchParams(query);
  const selector = query.get('fieldSelector') ?? '';
  result.set('fieldSelector', selector === '' ? `metadata.name=${name}` : `${selector},metadata.name=${name}`);
  return result;
}

export function checkVerb(resource: Resource, path: ApiPath, method: string): void {
  const { subresource } = path;
  if (subresource === undefined) {
    if (path.name === undefined ? /^(GET|POST|DELETE)$/.test(method) : /^(GET|PUT|PATCH|DELETE)$/.test(method)) return;
    throw methodNotAllowed();
  }
  const isKnown =
    subresource === 'status' ? resource.hasStatus : subresource === 'scale' ? resource.scale !== undefined : false;
  if (!isKnown) {
    throw new StatusError(404, 'the server could not find the requested resource', { reason: 'NotFound', details: {} });
  }
  if (!/^(GET|PUT|PATCH)$/.test(method)) throw methodNotAllowed();
}
