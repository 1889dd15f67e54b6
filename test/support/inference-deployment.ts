// InferenceDeployments for tests, with the defaults that the API server would fill in, read from the CRD itself.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { CrdSchema } from '../../crds/reference.ts';
import { hashOf } from '../../operator/api/hash.ts';
import type { InferenceDeployment, InferenceDeploymentStatus } from '../../operator/api/inference-deployment.ts';
import { API_VERSION, KIND } from '../../operator/api/names.ts';
import { operatorSettings, SETTINGS_PREFIX } from '../../operator/config.ts';
import { readSettings } from '../../runtime/settings.ts';

const crdPath = new URL('../../crds/inferencedeployment.yaml', import.meta.url);

export function crdSchema(): CrdSchema {
  const crd = parse(readFileSync(crdPath, 'utf8')) as {
    spec: { versions: { schema: { openAPIV3Schema: CrdSchema } }[] };
  };
  return crd.spec.versions[0]!.schema.openAPIV3Schema;
}

const specSchema = crdSchema().properties!.spec!;

export interface Given {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: InferenceDeploymentStatus;
}

export function inferenceDeployment(given: Given = {}): InferenceDeployment {
  const { name = 'llama', namespace = 'models', uid = 'uid-of-llama', generation = 1, spec = {}, status } = given;
  const whole = withDefaults({ container: { image: 'model:1' }, ...spec }, specSchema);
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name,
      namespace,
      uid,
      generation,
      resourceVersion: '1',
      ...(given.deletionTimestamp === undefined ? {} : { deletionTimestamp: given.deletionTimestamp }),
    },
    spec: whole as InferenceDeployment['spec'],
    ...(status === undefined ? {} : { status }),
  };
}

function withDefaults(value: unknown, schema: CrdSchema): unknown {
  if (schema.properties === undefined || typeof value !== 'object' || value === null) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, child] of Object.entries(schema.properties)) {
    filled[name] ??= child.default;
    if (filled[name] === undefined) delete filled[name];
    else filled[name] = withDefaults(filled[name], child);
  }
  return filled;
}

/** The operator's settings, with what a test cares about. */
export function settings(env: Readonly<Record<string, string>> = {}) {
  const given = { OPERATOR_SIDECAR_IMAGE: 'sidecar:1', OPERATOR_STORE_URL: 'redis://redis:6379/0', ...env };
  const read = readSettings(SETTINGS_PREFIX, operatorSettings, given, []);
  // Without the cost of the real one.
  return { ...read, storeFingerprint: hashOf([read.storeUrl, read.storePassword, read.storeCa], 16) };
}
