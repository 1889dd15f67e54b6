// Kubernetes quantities ("500m", "2Gi", 3, "1e3") as numbers, and what a pod asks of a node in all. Pure.

import { parseQuantity } from '../../operator/api/quantity.ts';
import type { IntOrString, Quantities } from './objects.ts';
import type { Container, Pod } from './pod.ts';

export function quantity(value: IntOrString | undefined): number {
  if (value === undefined) return 0;
  const parsed = parseQuantity(value);
  if (parsed === undefined) throw new Error(`${value} is not a quantity`);
  return Number(`${parsed.mantissa}e${parsed.exponent}`);
}

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/**
 * What the scheduler counts: all containers and sidecars together, or the largest moment of initialisation if that is more
 * (an init container runs beside the sidecars before it), plus overhead.
 */
export function podRequests(pod: Pod): { readonly [resource: string]: number } {
  const steady = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of pod.spec.containers) add(steady, requestsOf(container));
  const sidecars = new Map<string, number>();
  for (const container of pod.spec.initContainers ?? []) {
    const own = requestsOf(container);
    if (isSidecar(container)) add(sidecars, own);
    const moment = new Map(sidecars);
    if (!isSidecar(container)) add(moment, own);
    for (const [resource, amount] of moment) peak.set(resource, Math.max(peak.get(resource) ?? 0, amount));
  }
  for (const [resource, amount] of sidecars) steady.set(resource, (steady.get(resource) ?? 0) + amount);
  for (const [resource, amount] of peak) steady.set(resource, Math.max(steady.get(resource) ?? 0, amount));
  add(steady, pod.spec.overhead ?? {});
  return Object.fromEntries(steady);
}

/** Limits stand in for missing requests, as the API server defaults them. */
function requestsOf(container: Container): Quantities {
  return { ...container.resources?.limits, ...container.resources?.requests };
}

function add(sum: Map<string, number>, amounts: Quantities): void {
  for (const [resource, amount] of Object.entries(amounts))
    sum.set(resource, (sum.get(resource) ?? 0) + quantity(amount));
}
