// What operators of the cluster need: a budget for evictions, and a PodMonitor where Prometheus' operator is installed.
import { adminPaths } from '../../sidecar/contract.ts';
import { childNames, podSelector } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { childHead, type DesiredInput, wantedReplicas } from './input.ts';

export function disruptionBudget({ owner }: DesiredInput) {
  // With one replica a budget would only make node drains hang.
  if (wantedReplicas(owner) < 2) return undefined;
  const name = owner.metadata.name;
  return {
    ...childHead(owner, resources.disruptionBudgets, childNames.disruptionBudget(name)),
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: podSelector(name) },
      // A pod that is broken anyway must not keep its node from being drained.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}

export function podMonitor({ owner, settings, hasPodMonitorApi }: DesiredInput) {
  if (!hasPodMonitorApi) return undefined;
  const name = owner.metadata.name;
  return {
    ...childHead(owner, resources.podMonitors, childNames.podMonitor(name), { labels: settings.podMonitorLabels }),
    spec: {
      selector: { matchLabels: podSelector(name) },
      // The sidecar's series say themselves whose they are (namespace, deployment), as alerts and dashboard need it.
      podMetricsEndpoints: [{ port: 'metrics', path: adminPaths.metrics, honorLabels: true }],
    },
  };
}
