// Writes children: server-side apply of plain JSON by one field manager, and deletion. A foreign object is never touched:
// what we update is pinned by uid, what we create must not be there.
// Applying takes fields away that are no longer sent, and applying an unchanged object writes nothing.

import { hashOf } from '../api/hash.ts';
import type { KubernetesObject } from '../api/kubernetes.ts';
import { annotations, fieldManagers, KIND, labels, OPERATOR } from '../api/names.ts';
import { resourceOfKind, resources } from '../api/resources.ts';
import { isNotFound, isStatus } from './api-error.ts';
import type { KubernetesClient } from './client.ts';

/** Somebody else's object bears a name that we need. */
export class ForeignObjectError extends Error {
  /** It belonged to a deleted InferenceDeployment of the same name: garbage collection is about to take it. */
  readonly isLeftover: boolean;
  constructor(object: KubernetesObject, wanted: KubernetesObject) {
    const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
    const isLeftover = owner?.kind === KIND && owner.name === wanted.metadata.ownerReferences?.[0]?.name;
    const whose =
      owner === undefined ? 'does not belong to this InferenceDeployment' : `belongs to ${owner.kind} ${owner.name}`;
    super(
      isLeftover
        ? `${object.kind} ${object.metadata.name} of a deleted InferenceDeployment of the same name is still being removed`
        : `${object.kind} ${object.metadata.name} exists already and ${whose}; rename or delete one of the two`,
    );
    this.name = 'ForeignObjectError';
    this.isLeftover = isLeftover;
  }
}

/** The object as it is sent: stamped with its own hash, so that later an equal one need not be sent. */
export function stamped<T extends KubernetesObject>(child: T): T {
  return {
    ...child,
    metadata: {
      ...child.metadata,
      annotations: { ...child.metadata.annotations, [annotations.applied]: hashOf(child) },
    },
  };
}

/** `observed` is what the caches hold under this name. */
export async function applyChild(
  client: KubernetesClient,
  child: KubernetesObject,
  observed: KubernetesObject | undefined,
): Promise<KubernetesObject> {
  const { namespace, name } = child.metadata;
  const resource = resourceOfKind(child.kind);
  const target = { resource, namespace, name };
  if (observed !== undefined && !isOursToWrite(observed, child)) throw new ForeignObjectError(observed, child);
  const known = observed ?? (await findOwn(client, child));
  const body = stamped(child);
  const pinned = known === undefined ? body : { ...body, metadata: { ...body.metadata, uid: known.metadata.uid } };
  const query = { fieldManager: fieldManagers.children, force: known !== undefined };
  return client.patch<KubernetesObject>({ ...target, query }, 'application/apply-patch+yaml', pinned);
}

/**
 * Creates it, or leaves the one that is there: its name says what it holds. Neither read nor changed, for who may patch a Secret may read it:
 * the answer has it whole.
 */
export async function createSecret(client: KubernetesClient, child: KubernetesObject): Promise<void> {
  const { namespace, name } = child.metadata;
  try {
    await client.create({ resource: resources.secrets, namespace, name }, child);
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
  }
}

/** What lies under the name: ours (or an orphan of ours, which is adopted), nothing, or somebody else's. */
async function findOwn(client: KubernetesClient, child: KubernetesObject): Promise<KubernetesObject | undefined> {
  const { namespace, name } = child.metadata;
  const found = await client
    .get<KubernetesObject>({ resource: resourceOfKind(child.kind), namespace, name })
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  if (found === undefined) return undefined;
  if (!isOursToWrite(found, child)) throw new ForeignObjectError(found, child);
  return found;
}

/** Controlled by this owner, or made by us for this name and left without a controller. */
export function isOursToWrite(found: KubernetesObject, child: KubernetesObject): boolean {
  const controller = found.metadata.ownerReferences?.find((reference) => reference.controller);
  if (controller !== undefined) return controller.uid === child.metadata.ownerReferences?.[0]?.uid;
  const { labels: has = {} } = found.metadata;
  return has[labels.managedBy] === OPERATOR && has[labels.name] === child.metadata.labels?.[labels.name];
}

/** Nothing but the number: the rest of the Deployment has to wait. */
export function scaleDeployment(
  client: KubernetesClient,
  { metadata: { namespace, name, uid } }: KubernetesObject,
  replicas: number,
): Promise<KubernetesObject> {
  const target = { resource: resources.deployments, namespace, name, query: { fieldManager: fieldManagers.children } };
  return client.patch(target, 'application/merge-patch+json', { metadata: { uid }, spec: { replicas } });
}

export async function deleteChild(client: KubernetesClient, child: KubernetesObject): Promise<void> {
  const { namespace, name, uid } = child.metadata;
  const target = { resource: resourceOfKind(child.kind), namespace, name };
  try {
    await client.delete(target, { preconditions: { uid }, propagationPolicy: 'Background' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
