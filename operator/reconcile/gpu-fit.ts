// How many GPUs are free on the nodes that would take a pod. Pure: nodes and pods in, figures out. It does not weigh affinity
// rules beyond the products: a surge pod that finds no node after all is noticed and answered by reconcile/rollout.ts.
import type { InferenceDeploymentSpec } from '../api/inference-deployment.ts';
import type { Node, Pod, PodContainer } from '../api/kubernetes.ts';
import { wholeUnits } from '../api/quantity.ts';
import { PRODUCT_LABEL, tolerations } from '../desired/gpu.ts';

export interface GpuFigures {
  readonly matchingNodes: number;
  /** Nodes on which one more pod fits, GPUs only. */
  readonly nodesWithRoom: number;
  readonly mostFree: number;
}

type Spec = Pick<InferenceDeploymentSpec, 'gpu' | 'nodeSelector' | 'tolerations'>;

export function gpuFigures(spec: Spec, nodes: readonly Node[], pods: readonly Pod[]): GpuFigures {
  const { resource, count } = spec.gpu;
  const used = new Map<string, number>();
  for (const pod of pods) {
    const node = pod.spec.nodeName;
    if (node === undefined || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') continue;
    used.set(node, (used.get(node) ?? 0) + requested(pod, resource));
  }
  const free = nodes
    .filter((node) => matches(spec, node))
    .map((node) => (wholeUnits(node.status?.allocatable?.[resource] ?? 0) ?? 0) - (used.get(node.metadata.name) ?? 0));
  return {
    matchingNodes: free.length,
    nodesWithRoom: free.filter((figure) => figure >= count).length,
    mostFree: Math.max(0, ...free),
  };
}

function requested(pod: Pod, resource: string): number {
  const of = (container: PodContainer) =>
    wholeUnits(container.resources?.requests?.[resource] ?? container.resources?.limits?.[resource] ?? 0) ?? 0;
  const running = [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always'),
  ];
  const initial = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy !== 'Always').map(of);
  return Math.max(
    0,
    ...initial,
    running.map(of).reduce((sum, figure) => sum + figure, 0),
  );
}

function matches(spec: Spec, node: Node): boolean {
  const { labels = {} } = node.metadata;
  // A node that fell silent says Unknown.
  const isReady = node.status?.conditions?.every(({ type, status }) => type !== 'Ready' || status === 'True') ?? true;
  const isSelected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const { products = [] } = spec.gpu;
  const hasProduct = products.length === 0 || products.includes(labels[PRODUCT_LABEL] ?? '');
  return isReady && node.spec?.unschedulable !== true && isSelected && hasProduct && bearsTaints(spec, node);
}

function bearsTaints(spec: Spec, node: Node): boolean {
  return (node.spec?.taints ?? [])
    .filter((taint) => taint.effect !== 'PreferNoSchedule')
    .every((taint) =>
      tolerations(spec).some(
        (toleration) =>
          (toleration.effect === undefined || toleration.effect === taint.effect) &&
          (toleration.key === undefined || toleration.key === taint.key) &&
          (toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '')),
      ),
    );
}
