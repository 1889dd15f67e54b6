// The scale subresource: an autoscaling/v1 Scale made from, and written back to, the paths that the kind or definition names.
import { ensureFields, type Fields, isFields, type KubeObject } from './objects.ts';
import type { Resource, ScalePaths } from './resource.ts';
import { badRequest, invalid, wrong } from './status-error.ts';

function read(object: unknown, path: string | undefined): unknown {
  if (path === undefined) return undefined;
  let here = object;
  for (const key of path.split('.').slice(1)) here = isFields(here) ? here[key] : undefined;
  return here;
}

export function selectorText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!isFields(value)) return undefined;
  const labels = Object.entries((value.matchLabels as Fields | undefined) ?? {})
    .map(([key, wanted]) => `${key}=${String(wanted)}`)
    .sort();
  const expressions = Array.isArray(value.matchExpressions) ? value.matchExpressions.filter(isFields) : [];
  for (const { key, operator, values } of expressions) {
    const list = Array.isArray(values) ? values.join(',') : '';
    if (operator === 'Exists') labels.push(String(key));
    else if (operator === 'DoesNotExist') labels.push(`!${String(key)}`);
    else labels.push(`${String(key)} ${operator === 'NotIn' ? 'notin' : 'in'} (${list})`);
  }
  return labels.join(',');
}

export function scaleOf(paths: ScalePaths, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = read(object, paths.specReplicasPath);
  const selector = selectorText(read(object, paths.labelSelectorPath));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name: name!,
      namespace: namespace!,
      uid: uid!,
      resourceVersion: resourceVersion!,
      creationTimestamp: creationTimestamp!,
    },
    spec: typeof replicas === 'number' && replicas !== 0 ? { replicas } : {},
    status: {
      replicas: (read(object, paths.statusReplicasPath) as number | undefined) ?? 0,
      ...(selector === undefined || selector === '' ? {} : { selector }),
    },
  };
}

/** Writes the wished replicas into a copy of the object that is then updated as a whole. */
export function withScale(resource: Resource, paths: ScalePaths, object: KubeObject, scale: unknown): KubeObject {
  if (!isFields(scale) || scale.kind !== 'Scale') {
    throw badRequest(`expected a Scale of autoscaling/v1 for ${resource.plural}/scale`);
  }
  const spec = isFields(scale.spec) ? scale.spec : {};
  const replicas = spec.replicas ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw badRequest(
      'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32',
    );
  }
  if (replicas < 0) {
    const error = wrong('spec.replicas', replicas, 'must be greater than or equal to 0');
    throw invalid('autoscaling', 'Scale', object.metadata.name ?? '', [error]);
  }
  const keys = paths.specReplicasPath.split('.').slice(1);
  const last = keys.pop()!;
  ensureFields(object, ...keys)[last] = replicas;
  const version = isFields(scale.metadata) ? scale.metadata.resourceVersion : undefined;
  if (typeof version === 'string' && version !== '') object.metadata.resourceVersion = version;
  return object;
}
