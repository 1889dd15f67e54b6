// OpenAPI v3 documents, one a group version, made when asked for: enough for kubectl's explain, apply and field validation, which
// look for schemas, for paths by kind, and for the `fieldValidation` parameter of patch.
import { createHash } from 'node:crypto';
import { subresourcesOf } from './discovery.ts';
import type { Fields } from './objects.ts';
import { ComponentWriter, componentName, reference, resourceKind } from './openapi-schemas.ts';
import type { ResourceRegistry } from './registry.ts';
import type { Resource } from './resource.ts';

const string = { type: 'string', uniqueItems: true };
const boolean = { type: 'boolean', uniqueItems: true };
const integer = { type: 'integer', uniqueItems: true };

const query = (name: string, schema: Fields) => ({ name, in: 'query', schema });
const PRETTY = query('pretty', string);
const WRITE = [query('dryRun', string), query('fieldManager', string), query('fieldValidation', string)];
const DELETE = [
  query('dryRun', string),
  query('gracePeriodSeconds', integer),
  query('ignoreStoreReadErrorWithClusterBreakingPotential', boolean),
  query('orphanDependents', boolean),
  query('propagationPolicy', string),
];
const LIST = [
  query('allowWatchBookmarks', boolean),
  query('continue', string),
  query('fieldSelector', string),
  query('labelSelector', string),
  query('limit', integer),
  query('resourceVersion', string),
  query('resourceVersionMatch', string),
  query('sendInitialEvents', boolean),
  query('timeoutSeconds', integer),
  query('watch', boolean),
];

function root(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function documentText(registry: ResourceRegistry, group: string, version: string): string {
  return JSON.stringify(documentOf(registry.inGroupVersion(group, version), group, version));
}

/** What is served and where, each with a hash that changes with the document, so that clients may cache. */
export function openApiIndex(registry: ResourceRegistry): unknown {
  const paths: Record<string, unknown> = {};
  for (const [group, versions] of registry.groups()) {
    for (const version of versions) {
      const hash = createHash('sha512')
        .update(documentText(registry, group, version))
        .digest('hex')
        .toUpperCase();
      const path = root(group, version);
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
  }
  return { paths };
}

export function openApiDocument(registry: ResourceRegistry, path: string): unknown {
  const match = /^(?:api|apis\/([^/]+))\/([^/]+)$/.exec(path);
  if (match === null) return undefined;
  const [group, version] = [match[1] ?? '', match[2]!];
  const resources = registry.inGroupVersion(group, version);
  return resources.length === 0 ? undefined : documentOf(resources, group, version);
}

function documentOf(resources: readonly Resource[], group: string, version: string): unknown {
  const writer = new ComponentWriter();
  const paths: Record<string, unknown> = {};
  for (const resource of resources) {
    writer.resource(resource);
    Object.assign(paths, pathsOf(resource, `/${root(group, version)}`));
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths,
    components: { schemas: writer.components },
  };
}

interface Operation {
  readonly action: string;
  readonly method: string;
  readonly parameters: readonly Fields[];
  readonly answer: string;
}

function operation(resource: Resource, { action, method, parameters, answer }: Operation): Fields {
  const content = { 'application/json': { schema: reference(answer) } };
  return {
    description: `${action} ${resource.kind}`,
    parameters,
    ...(method === 'post' || method === 'put' ? { requestBody: { content } } : {}),
    ...(method === 'patch'
      ? { requestBody: { content: { 'application/merge-patch+json': {}, 'application/apply-patch+yaml': {} } } }
      : {}),
    responses: { 200: { description: 'OK', content }, 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': resourceKind(resource),
  };
}

function pathsOf(resource: Resource, base: string): Record<string, unknown> {
  const item = componentName(resource);
  const home = resource.namespaced ? `${base}/namespaces/{namespace}/${resource.plural}` : `${base}/${resource.plural}`;
  const place = resource.namespaced ? [{ name: 'namespace', in: 'path', required: true, schema: string }] : [];
  const named = [...place, { name: 'name', in: 'path', required: true, schema: string }];
  const make = (action: string, method: string, parameters: readonly Fields[], answer = item) =>
    operation(resource, { action, method, parameters, answer });
  const post = make('post', 'post', WRITE);
  if (resource.verbs.length === 1) return { [`${base}/${resource.plural}`]: { post, parameters: [PRETTY] } };
  const list = make('list', 'get', LIST, `${item}List`);
  const force = query('force', boolean);
  const result: Record<string, unknown> = {
    [home]: {
      get: list,
      post,
      delete: make('deletecollection', 'delete', [...DELETE, ...LIST]),
      parameters: [...place, PRETTY],
    },
    [`${home}/{name}`]: {
      get: make('get', 'get', []),
      put: make('put', 'put', WRITE),
      delete: make('delete', 'delete', DELETE),
      patch: make('patch', 'patch', [...WRITE, force]),
      parameters: [...named, PRETTY],
    },
  };
  for (const { name } of subresourcesOf(resource).filter((one) => one.verbs.includes('patch'))) {
    result[`${home}/{name}/${name}`] = {
      get: make('get', 'get', []),
      put: make('put', 'put', WRITE),
      patch: make('patch', 'patch', [...WRITE, force]),
      parameters: [...named, PRETTY],
    };
  }
  if (resource.namespaced) result[`${base}/${resource.plural}`] = { get: list, parameters: [...LIST, PRETTY] };
  return result;
}
