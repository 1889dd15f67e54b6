// GPUs of a replica: the resource to ask for, the taint to bear, the nodes that will do, and /dev/shm.
import type { InferenceDeploymentSpec } from '../api/inference-deployment.ts';
import { volumeNames } from '../api/names.ts';

export const PRODUCT_LABEL = 'nvidia.com/gpu.product';

type Spec = Pick<InferenceDeploymentSpec, 'gpu' | 'tolerations' | 'affinity'>;
type Toleration = NonNullable<InferenceDeploymentSpec['tolerations']>[number];
type Json = Readonly<Record<string, unknown>>;

export function gpuLimits({ gpu }: Spec): Readonly<Record<string, string>> {
  return gpu.count === 0 ? {} : { [gpu.resource]: String(gpu.count) };
}

/** GPU nodes are tainted with the vendor's plain resource name, also where slices (MIG) are asked for. */
export function tolerations({ gpu, tolerations: own = [] }: Spec): readonly Toleration[] {
  if (gpu.count === 0) return own;
  const key = gpu.resource.startsWith('nvidia.com/') ? 'nvidia.com/gpu' : gpu.resource;
  return [...own, { key, operator: 'Exists', effect: 'NoSchedule' }];
}

/** The user's affinity, with the choice of products added to each of its terms: terms are alternatives. */
export function affinity({ gpu, affinity: own }: Spec): Json | undefined {
  if (gpu.count === 0 || gpu.products === undefined || gpu.products.length === 0) return own;
  const product = { key: PRODUCT_LABEL, operator: 'In', values: [...gpu.products] };
  const nodeAffinity = (own?.nodeAffinity ?? {}) as Json;
  const required = (nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution ?? {}) as Json;
  const terms = (required.nodeSelectorTerms ?? [{}]) as readonly Json[];
  return {
    ...own,
    nodeAffinity: {
      ...nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        ...required,
        nodeSelectorTerms: terms.map((term) => ({
          ...term,
          matchExpressions: [...((term.matchExpressions ?? []) as readonly Json[]), product],
        })),
      },
    },
  };
}

export function sharedMemory({ gpu }: Spec): { readonly volumes: readonly Json[]; readonly mounts: readonly Json[] } {
  if (gpu.sharedMemory === undefined) return { volumes: [], mounts: [] };
  return {
    volumes: [{ name: volumeNames.sharedMemory, emptyDir: { medium: 'Memory', sizeLimit: String(gpu.sharedMemory) } }],
    mounts: [{ name: volumeNames.sharedMemory, mountPath: '/dev/shm' }],
  };
}
