// Every change of an object goes through here, whichever verb asked for it: metadata, defaults, ownership, validation, generation,
// no-op detection, the store. Knows nothing of HTTP.
import { randomUUID } from 'node:crypto';
import { type Owner, ownedView, ownersAfterUpdate, ownersOf, type Writer, writeOwners } from './managed-fields.ts';
import { generatedName, validateMetadata } from './names.ts';
import { type ObjectStore, objectKey } from './object-store.ts';
import { copy, type KubeObject, nowTimestamp, same } from './objects.ts';
import { groupVersion, type Resource } from './resource.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  MODIFIED,
  notFound,
  StatusError,
  wrong,
} from './status-error.ts';

export interface WriteOptions {
  readonly manager: string;
  readonly isDryRun: boolean;
  /** Given by apply, which computes ownership itself. */
  readonly owners?: readonly Owner[];
  readonly isForeignKind?: boolean;
}

export interface UpdateOptions extends WriteOptions {
  readonly subresource: '' | 'status' | 'scale';
  /** PATCH builds on the live object, so it may leave out the resourceVersion; PUT of some kinds may not. */
  readonly isPatch: boolean;
}

export class ObjectWriter {
  readonly #store: ObjectStore;
  readonly #nowMs: () => number;

  constructor(store: ObjectStore, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  create(resource: Resource, namespace: string | undefined, body: KubeObject, options: WriteOptions): KubeObject {
    const object = this.#toStorage(resource, body);
    const { metadata } = object;
    this.#checkNamespace(resource, namespace, metadata.namespace);
    if (resource.namespaced) metadata.namespace = namespace!;
    else delete metadata.namespace;
    if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '') {
      throw new StatusError(500, 'resourceVersion should not be set on objects to be created');
    }
    if ((metadata.name ?? '') === '' && (metadata.generateName ?? '') !== '')
      metadata.name = generatedName(metadata.generateName!);
    this.#stampNew(resource, object);
    if (options.isForeignKind !== true) resource.rules.defaults?.(object);
    if ((metadata.name ?? '') !== '') this.#checkAbsent(resource, object);
    this.#own(resource, undefined, object, { ...options, subresource: '' });
    // Nobody owns what admission adds.
    resource.rules.admit?.(object, options.isDryRun);
    this.#validate(resource, object, undefined);
    if (options.isDryRun) return object;
    return this.#store.put(resource.collection, objectKey(metadata.namespace, metadata.name!), object);
  }

  update(resource: Resource, live: KubeObject, body: KubeObject, options: UpdateOptions): KubeObject {
    const object = this.#toStorage(resource, body);
    const name = live.metadata.name!;
    this.#checkNamespace(resource, live.metadata.namespace, object.metadata.namespace);
    this.#checkVersion(resource, live, object, options);
    const next = this.#combine(resource, live, object, options.subresource);
    this.#keepSystemMetadata(live, next);
    if (options.isForeignKind !== true) resource.rules.defaults?.(next);
    resource.rules.prepareUpdate?.(next, live);
    this.#grow(resource, live, next);
    this.#own(resource, live, next, options);
    this.#validate(resource, next, live);
    if (this.#isUnchanged(live, next)) return live;
    if (options.isDryRun) return next;
    const key = objectKey(live.metadata.namespace, name);
    if (
      next.metadata.deletionTimestamp !== undefined &&
      (next.metadata.finalizers ?? []).length === 0 &&
      isUngraceful(next)
    ) {
      next.metadata.resourceVersion = live.metadata.resourceVersion!;
      this.#store.delete(resource.collection, key);
      return next;
    }
    return this.#store.put(resource.collection, key, next);
  }

  #toStorage(resource: Resource, body: KubeObject): KubeObject {
    const object = copy(body);
    return resource.conversion === undefined ? object : resource.conversion.toStorage(object);
  }

  #checkNamespace(resource: Resource, fromPath: string | undefined, fromBody: string | undefined): void {
    if (!resource.namespaced || fromBody === undefined || fromBody === '' || fromBody === fromPath) return;
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }

  #checkAbsent(resource: Resource, object: KubeObject): void {
    const key = objectKey(object.metadata.namespace, object.metadata.name!);
    this.#checkNamespaceLives(resource, object);
    const existing = this.#store.get(resource.collection, key);
    if (existing === undefined) return;
    // A name that is not valid is told as such first; an existing one was valid.
    throw alreadyExists(resource, object.metadata.name!);
  }

  #checkNamespaceLives(resource: Resource, object: KubeObject): void {
    const namespace = object.metadata.namespace;
    if (!resource.namespaced || namespace === undefined) return;
    const home = this.#store.get('namespaces', namespace);
    if (home === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace);
    if (home.metadata.deletionTimestamp === undefined) return;
    throw forbidden(
      resource,
      object.metadata.name!,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    );
  }

  #stampNew(resource: Resource, object: KubeObject): void {
    const { metadata } = object;
    metadata.uid = randomUUID();
    metadata.creationTimestamp = nowTimestamp(this.#nowMs());
    for (const key of [
      'resourceVersion',
      'generation',
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
      'selfLink',
      'managedFields',
    ]) {
      delete metadata[key];
    }
    if (resource.isCustom || resource.rules.hasGeneration === true) metadata.generation = 1;
    if (resource.hasStatus) delete object.status;
  }

  #checkVersion(resource: Resource, live: KubeObject, object: KubeObject, options: UpdateOptions): void {
    const { name, uid, resourceVersion } = object.metadata;
    const liveName = live.metadata.name!;
    if (name !== undefined && name !== liveName) {
      throw badRequest(`the name of the object (${name}) does not match the name on the URL (${liveName})`);
    }
    if (uid !== undefined && uid !== '' && uid !== live.metadata.uid) {
      throw conflict(
        resource,
        liveName,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
      );
    }
    const isGiven = resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0';
    if (isGiven && resourceVersion !== live.metadata.resourceVersion) throw conflict(resource, liveName, MODIFIED);
    if (isGiven || options.isPatch || !(resource.isCustom || resource.rules.requiresResourceVersion === true)) return;
    const error = wrong('metadata.resourceVersion', 0, 'must be specified for an update');
    throw invalid(resource.group, resource.plural, liveName, [error]);
  }

  /** Which part of the sent object counts: the main endpoint cannot write status, the status endpoint little else. */
  #combine(
    resource: Resource,
    live: KubeObject,
    sent: KubeObject,
    subresource: UpdateOptions['subresource'],
  ): KubeObject {
    if (subresource === 'status') {
      const base = resource.isCustom
        ? copy(live)
        : { ...copy(live), metadata: { ...sent.metadata, labels: live.metadata.labels } };
      const next = base as KubeObject;
      if (sent.status === undefined) delete next.status;
      else next.status = sent.status;
      if (!resource.isCustom && live.metadata.labels === undefined) delete next.metadata.labels;
      return next;
    }
    if (!resource.hasStatus) return sent;
    const next = { ...sent };
    if (live.status === undefined) delete next.status;
    else next.status = copy(live.status);
    return next;
  }

  #keepSystemMetadata(live: KubeObject, next: KubeObject): void {
    const keys = [
      'name',
      'namespace',
      'uid',
      'creationTimestamp',
      'generation',
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
      'generateName',
    ];
    next.metadata.resourceVersion = live.metadata.resourceVersion!;
    for (const key of keys) {
      if (live.metadata[key] === undefined) delete next.metadata[key];
      else next.metadata[key] = live.metadata[key];
    }
  }

  #grow(resource: Resource, live: KubeObject, next: KubeObject): void {
    if (!resource.isCustom && resource.rules.hasGeneration !== true) return;
    const counted = (object: KubeObject) =>
      Object.fromEntries(
        Object.entries(object).filter(([key]) => key !== 'metadata' && !(resource.hasStatus && key === 'status')),
      );
    if (!same(counted(live), counted(next))) next.metadata.generation = (live.metadata.generation ?? 0) + 1;
  }

  #own(
    resource: Resource,
    live: KubeObject | undefined,
    next: KubeObject,
    options: Pick<UpdateOptions, 'manager' | 'owners' | 'subresource'>,
  ): void {
    if (options.owners !== undefined) {
      writeOwners(next, [...options.owners]);
      return;
    }
    const untracked = untrackedFields(resource, options.subresource);
    const skeleton = { ...resource.rules.skeleton, metadata: {} };
    const before = ownedView(live ?? skeleton, untracked);
    const writer: Writer = {
      manager: options.manager,
      operation: 'Update',
      apiVersion: groupVersion(resource),
      subresource: options.subresource,
    };
    const owners = options.subresource === '' ? sentOwners(next, live) : ownersOf(live);
    const time = nowTimestamp(this.#nowMs());
    writeOwners(next, ownersAfterUpdate(before, ownedView(next, untracked), resource.schema, owners, writer, time));
  }

  #validate(resource: Resource, object: KubeObject, old: KubeObject | undefined): void {
    const errors = [...validateMetadata(resource, object, old), ...(resource.rules.validate?.(object, old) ?? [])];
    // An event is checked, and refused, as what it is stored as.
    const group = resource.conversion === undefined ? resource.group : '';
    if (errors.length > 0) throw invalid(group, object.kind, object.metadata.name ?? '', errors);
  }

  /** A write that changes nothing but the times of ownership is none: the revision stays. */
  #isUnchanged(live: KubeObject, next: KubeObject): boolean {
    return same(withoutTimes(live), withoutTimes(next));
  }
}

/**
 * Whose fields these are, as the client sends it back; kubectl edits the list when it moves from client-side to server-side apply.
 * One that sends nothing does not know of ownership and changes none of it; one empty entry asks for all of it to be forgotten.
 */
function sentOwners(next: KubeObject, live: KubeObject | undefined): Owner[] {
  const sent = next.metadata.managedFields ?? [];
  if (sent.length === 1 && Object.keys(sent[0]!).length === 0) return [];
  return live !== undefined && sent.length > 0 ? ownersOf(next) : ownersOf(live);
}

function isUngraceful(object: KubeObject): boolean {
  return (object.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

function withoutTimes(object: KubeObject): KubeObject {
  const managedFields = object.metadata.managedFields?.map(({ time: _time, ...entry }) => entry);
  return { ...object, metadata: { ...object.metadata, ...(managedFields === undefined ? {} : { managedFields }) } };
}

/** Fields that a write through this endpoint can never change, and so never own. */
export function untrackedFields(resource: Resource, subresource: string): string[] {
  if (subresource !== 'status') return resource.hasStatus ? ['status'] : [];
  return resource.isCustom ? ['spec', 'metadata'] : ['spec'];
}
