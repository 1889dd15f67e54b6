// Questions a client asks about itself: may I (SelfSubjectAccessReview), who am I (SelfSubjectReview). Nothing is stored.
import type { Access } from './access.ts';
import { decodeObject, fieldValidation } from './decode.ts';
import { ownedView, ownersAfterUpdate, writeOwners } from './managed-fields.ts';
import { fieldsAt, type KubeObject, nowTimestamp } from './objects.ts';
import { type ApiRequest, type ApiResponse, fieldManager } from './request.ts';
import { groupVersion, type Resource } from './resource.ts';

export function review(
  access: Access,
  request: ApiRequest,
  resource: Resource,
  value: unknown,
  nowMs: number,
): ApiResponse {
  const { object, warnings } = decodeObject(resource, value, [], fieldValidation(request));
  const time = nowTimestamp(nowMs);
  const writer = {
    manager: fieldManager(request),
    operation: 'Update',
    apiVersion: groupVersion(resource),
    subresource: '',
  } as const;
  writeOwners(
    object,
    ownersAfterUpdate({ spec: {} }, ownedView(object, ['status']), resource.schema, [], writer, time),
  );
  if (resource.kind === 'SelfSubjectReview') {
    object.metadata.creationTimestamp = time;
    object.status = { userInfo: { username: request.user.name, groups: request.user.groups } };
  } else object.status = { allowed: answer(access, request, object) };
  return { code: 201, body: object, warnings };
}

function answer(access: Access, { user }: ApiRequest, object: KubeObject): boolean {
  const wanted = fieldsAt(object, 'spec', 'resourceAttributes');
  if (wanted === undefined) return user.groups.includes('system:masters');
  const text = (key: string) => String(wanted[key] ?? '');
  return access.isAllowed(user, {
    verb: text('verb'),
    group: text('group'),
    resource: text('resource'),
    subresource: text('subresource'),
    name: text('name'),
    namespace: text('namespace'),
  });
}
