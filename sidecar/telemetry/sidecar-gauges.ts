// The figures of a sidecar that are read off its parts when somebody asks for the metrics.
import type { SidecarSettings } from '../contract.ts';
import type { Drain } from '../drain.ts';
import type { Gate } from '../gate/gate.ts';
import type { TrafficPort } from '../ingress/traffic-port.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { ContainerHealth } from '../upstream/health.ts';
import type { Metrics } from './metrics.ts';

export interface ObservedParts {
  readonly settings: Pick<SidecarSettings, 'concurrency'>;
  readonly memory: MemoryBudget;
  readonly gate: Gate;
  readonly traffic: TrafficPort;
  readonly drain: Drain;
  readonly health: ContainerHealth;
}

export function observeSidecar(metrics: Metrics, parts: ObservedParts): void {
  const { settings, memory, gate, traffic, drain, health } = parts;
  metrics.gauge('inference_concurrency_limit').set(settings.concurrency);
  metrics.gaugeOf('inference_in_flight', () => gate.inFlight);
  metrics.gaugeOf('inference_waiting', () => gate.waiting);
  metrics.gaugeOf('inference_draining', () => (drain.isDraining ? 1 : 0));
  metrics.gaugeOf('inference_client_connections', () => traffic.connections);
  metrics.gauge('inference_memory_budget_bytes').set(memory.limits.totalBytes);
  metrics.gaugeOf('inference_memory_used_bytes', () => memory.usedBytes);
  metrics.gaugeOf('inference_memory_high_water_bytes', () => memory.highWaterBytes);
  metrics.countOf('inference_memory_refused_total', () => memory.refusals);
  const states = ['starting', 'healthy', 'busy', 'unhealthy', 'unreachable'] as const;
  metrics.stateOf('inference_container_state', states, () => health.state);
}
