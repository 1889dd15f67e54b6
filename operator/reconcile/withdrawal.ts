// Which leaving pods get no newcomers any more. While a pod is ready Kubernetes sees to that; while none is, not-ready addresses are
// published, those of leaving pods too, until the pod is gone and longer: its callers would be turned away although a successor has a line,
// and at the end answered by nobody at all. Pure.
import type { Pod } from '../api/kubernetes.ts';
import { labels } from '../api/names.ts';
import { hasLine, isLiving, isReady, isServing } from '../status/pod-state.ts';

/** Once a successor has a line, and at the latest when its own sidecar says that it has nothing more to do: it waits a little before it goes. */
export function withdrawnPods(pods: readonly Pod[]): readonly Pod[] {
  if (pods.some(isReady)) return [];
  const hasSuccessor = pods.some((pod) => isLiving(pod) && hasLine(pod));
  return pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp !== undefined &&
      pod.metadata.labels?.[labels.appName] !== undefined &&
      (hasSuccessor || !isServing(pod)),
  );
}
