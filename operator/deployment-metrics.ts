// What the operator says of each InferenceDeployment in its metrics, read from the cached objects when somebody asks: a deployment
// whose pods never come up has no sidecar that could say so.
import { Gauge, type Registry } from 'prom-client';
import type { InferenceDeployment } from './api/inference-deployment.ts';
import { wantedReplicas } from './desired/input.ts';

const labelNames = ['namespace', 'deployment'] as const;

/** Registers the gauges. `all` gives the deployments as they are known now. */
export function registerDeploymentMetrics(registry: Registry, all: () => Iterable<InferenceDeployment>): void {
  const gauge = (name: string, help: string, label: readonly string[], read: (gauge: Gauge, of: Described) => void) =>
    new Gauge({
      name,
      help,
      labelNames: [...labelNames, ...label],
      registers: [registry],
      collect() {
        // What was deleted, or is in another phase now, leaves no series behind.
        this.reset();
        for (const deployment of all()) read(this, describe(deployment));
      },
    });
  gauge('inference_deployment_replicas_wanted', 'Replicas that spec asks for; 0 while paused', [], (each, of) =>
    each.set(of.labels, of.wanted),
  );
  gauge('inference_deployment_replicas_ready', 'Replicas that take requests', [], (each, of) =>
    each.set(of.labels, of.ready),
  );
  gauge('inference_deployment_phase', '1 for the phase that status shows', ['phase'], (each, of) => {
    if (of.phase !== undefined) each.set({ ...of.labels, phase: of.phase }, 1);
  });
  gauge('inference_deployment_waiting_for', '1 for what the next step waits for', ['reason'], (each, of) => {
    if (of.waitingFor !== undefined) each.set({ ...of.labels, reason: of.waitingFor }, 1);
  });
}

type Described = ReturnType<typeof describe>;

function describe(deployment: InferenceDeployment) {
  const { metadata, status } = deployment;
  return {
    labels: { namespace: metadata.namespace ?? '', deployment: metadata.name },
    wanted: wantedReplicas(deployment),
    ready: status?.readyReplicas ?? 0,
    phase: status?.phase,
    waitingFor: status?.waitingFor,
  };
}
