// PATCH with application/apply-patch+yaml: the checks of the request, then apply-merge.ts, then an ordinary create or update.

import { checkConfiguration } from './applied-configuration.ts';
import { applyConfiguration } from './apply-merge.ts';
import { type Decoded, decodeObject, fieldValidation } from './decode.ts';
import { ownedView, ownersOf, type Writer } from './managed-fields.ts';
import { copy, type Fields, isFields, type KubeObject, nowTimestamp } from './objects.ts';
import { type ApiRequest, isDryRun } from './request.ts';
import { groupVersion, type Resource } from './resource.ts';
import { alreadyExists, badRequest, conflict, invalid, MODIFIED, required, StatusError } from './status-error.ts';
import { type ObjectWriter, untrackedFields } from './writer.ts';

export interface ApplyTarget {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: '' | 'status';
  readonly live: KubeObject | undefined;
}

export interface Applied {
  readonly object: KubeObject;
  readonly isCreated: boolean;
  readonly warnings: readonly string[];
}

export function serverSideApply(
  writer: ObjectWriter,
  request: ApiRequest,
  target: ApplyTarget,
  body: Fields,
  nowMs: number,
): Applied {
  const { resource, namespace, name, live } = target;
  const manager = request.query.get('fieldManager') ?? '';
  if (manager === '') {
    throw invalid('meta.k8s.io', 'PatchOptions', '', [required('fieldManager', 'is required for apply patch')]);
  }
  const { object: config, warnings } = decodeConfiguration(request, target, body);
  const writerKey: Writer = {
    manager,
    operation: 'Apply',
    apiVersion: groupVersion(resource),
    subresource: target.subresource,
  };
  const untracked = untrackedFields(resource, target.subresource);
  const { object, owners } = applyConfiguration({
    live: live === undefined ? {} : ownedView(live, []),
    config: ownedView(config, untracked),
    schema: resource.schema,
    owners: ownersOf(live),
    writer: writerKey,
    isForced: request.query.get('force') === 'true',
    time: nowTimestamp(nowMs),
  });
  const next = { ...copy(object), apiVersion: config.apiVersion, kind: config.kind } as KubeObject;
  next.metadata = { ...(object.metadata as Fields | undefined), name };
  const options = { manager, isDryRun: isDryRun(request), owners };
  if (live === undefined) {
    if (namespace !== undefined) next.metadata.namespace = namespace;
    return { object: writer.create(resource, namespace, next, options), isCreated: true, warnings };
  }
  if (config.metadata.uid !== undefined && config.metadata.uid !== live.metadata.uid)
    throw conflict(resource, name, MODIFIED);
  const version = config.metadata.resourceVersion;
  if (version !== undefined) next.metadata.resourceVersion = version;
  const updated = writer.update(resource, live, next, { ...options, subresource: target.subresource, isPatch: true });
  return { object: updated, isCreated: false, warnings };
}

function decodeConfiguration(
  request: ApiRequest,
  { resource, namespace, name, live, subresource }: ApplyTarget,
  body: Fields,
): Decoded {
  const metadata = isFields(body.metadata) ? body.metadata : {};
  if (metadata.managedFields !== undefined && metadata.managedFields !== null)
    throw badRequest('metadata.managedFields must be nil');
  if (metadata.name !== undefined && metadata.name !== name) {
    throw badRequest(`the name of the object (${String(metadata.name)}) does not match the name on the URL (${name})`);
  }
  if (
    metadata.namespace !== undefined &&
    metadata.namespace !== '' &&
    namespace !== undefined &&
    metadata.namespace !== namespace
  ) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (live === undefined && subresource !== '') throw alreadyMissing(resource, name);
  if (live === undefined && metadata.uid !== undefined) throw alreadyExists(resource, name);
  const config = withoutNulls(body);
  checkConfiguration(resource, config);
  return decodeObject(resource, config, [], fieldValidation(request));
}

function alreadyMissing(resource: Resource, name: string): StatusError {
  return new StatusError(
    404,
    `${resource.plural}${resource.group === '' ? '' : `.${resource.group}`} "${name}" not found`,
    {
      reason: 'NotFound',
      details: { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural },
    },
  );
}

/** An applied null names a field without giving a value; the typed decoder of the real server drops it. */
function withoutNulls(value: Fields): Fields {
  const result: Fields = {};
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== null) result[key] = isFields(inner) ? withoutNulls(inner) : inner;
  }
  return result;
}
