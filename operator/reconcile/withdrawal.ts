// Which leaving pods get no newcomers any more. While a pod is ready Kubernetes sees to that; while none is, not-ready addresses are
// published, those of leaving pods too, and their callers would be turned away at the end although a successor has a line. Pure.
import type { Pod } from '../api/kubernetes.ts';
import { labels } from '../api/names.ts';
import { hasLine, isLiving, isReady } from '../status/pod-state.ts';

export function withdrawnPods(pods: readonly Pod[]): readonly Pod[] {
  if (pods.some(isReady) || !pods.some((pod) => isLiving(pod) && hasLine(pod))) return [];
  return pods.filter(
    ({ metadata }) => metadata.deletionTimestamp !== undefined && metadata.labels?.[labels.appName] !== undefined,
  );
}
