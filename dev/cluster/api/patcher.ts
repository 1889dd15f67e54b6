// The four patch types on a live object: JSON patch, merge patch, strategic merge (built-in kinds only). Apply is server-side-apply.ts.
import { applyPatch, type Operation } from 'rfc6902';
import { copy, type Fields, isFields } from './objects.ts';
import type { Resource } from './resource.ts';
import { badRequest, StatusError, unsupportedMediaType } from './status-error.ts';
import { strategicMerge } from './strategic-merge.ts';

export const JSON_PATCH = 'application/json-patch+json';
export const MERGE_PATCH = 'application/merge-patch+json';
export const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
export const APPLY_PATCH = 'application/apply-patch+yaml';

export function checkPatchType(resource: Resource, contentType: string): void {
  const accepted = resource.isCustom
    ? [JSON_PATCH, MERGE_PATCH, APPLY_PATCH]
    : [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH];
  if (!accepted.includes(contentType)) throw unsupportedMediaType(accepted);
}

export function patched(resource: Resource, live: Fields, contentType: string, patch: unknown): Fields {
  if (contentType === JSON_PATCH) return jsonPatched(live, patch);
  if (!isFields(patch)) throw badRequest('json: cannot unmarshal array into Go value of type map[string]interface {}');
  if (contentType === MERGE_PATCH) return mergePatched(live, patch);
  return strategicMerge(live, patch, resource.schema) as Fields;
}

function jsonPatched(live: Fields, patch: unknown): Fields {
  if (!Array.isArray(patch)) throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  const result = copy(live);
  const errors = applyPatch(result, patch as Operation[]).filter((error) => error !== null);
  if (errors.length === 0) return result;
  throw new StatusError(422, 'the server rejected our request due to an error in our request', {
    reason: 'Invalid',
    details: {},
  });
}

function mergePatched(live: Fields, patch: Fields): Fields {
  const result: Fields = { ...live };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isFields(value)) result[key] = mergePatched(isFields(result[key]) ? result[key] : {}, value);
    else result[key] = value;
  }
  return result;
}
