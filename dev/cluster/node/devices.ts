// The GPUs of one node, handed out whole to containers and taken back when their pod is gone, as a device plugin does it. A pod that
// gets here without enough free GPUs is refused, as the kubelet refuses it.
import { createHash } from 'node:crypto';
import type { Labels } from '../objects.ts';
import type { Pod } from '../pod.ts';
import { quantity } from '../quantity.ts';

export type Rejection = { readonly reason: string; readonly message: string };

export class Devices {
  readonly #resource: string;
  readonly #free: string[];
  readonly #byPod = new Map<string, Map<string, readonly string[]>>();

  constructor(resource: string, node: string, count: number) {
    this.#resource = resource;
    this.#free = Array.from({ length: count }, (_, index) => gpuId(node, index));
  }

  admit(pod: Pod): Rejection | undefined {
    const granted = new Map<string, readonly string[]>();
    this.#byPod.set(pod.metadata.uid, granted);
    for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      const wanted = quantity(
        container.resources?.limits?.[this.#resource] ?? container.resources?.requests?.[this.#resource],
      );
      if (wanted === 0) continue;
      if (wanted > this.#free.length) {
        const available = this.#free.length;
        this.release(pod.metadata.uid);
        const message = `Pod was rejected: Allocate failed due to requested number of devices unavailable for ${this.#resource}. Requested: ${wanted}, Available: ${available}, which is unexpected`;
        return { reason: 'UnexpectedAdmissionError', message };
      }
      granted.set(container.name, this.#free.splice(0, wanted));
    }
    return undefined;
  }

  /** Without a grant a container sees no GPU. */
  environment(pod: Pod, container: string): Labels {
    const granted = this.#byPod.get(pod.metadata.uid)?.get(container) ?? [];
    return { NVIDIA_VISIBLE_DEVICES: granted.length > 0 ? granted.join(',') : 'void' };
  }

  release(podUid: string): void {
    for (const granted of this.#byPod.get(podUid)?.values() ?? []) this.#free.push(...granted);
    this.#byPod.delete(podUid);
  }
}

function gpuId(node: string, index: number): string {
  const hex = createHash('sha256').update(`${node}/${index}`).digest('hex');
  return `GPU-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
