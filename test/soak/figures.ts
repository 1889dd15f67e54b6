// One look at the soaked sidecar: what it holds after a collection of garbage, what the kernel says it occupies, its descriptors,
// and what its admin port tells. Judges nothing.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { SidecarStats } from '../../sidecar/contract.ts';
import type { LimitedSidecar } from '../support/limited-sidecar.ts';
import { seriesValue } from '../support/metrics-text.ts';

/** Of V8, after a collection. `external` holds the bodies: buffers lie outside of the heap. */
export interface SettledMemory {
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly longestStallMs: number;
}

export interface Figures {
  readonly atSeconds: number;
  readonly heldMiB: number;
  readonly rssMiB: number;
  /** Most memory in use at a time since the start. */
  readonly peakMiB: number;
  /** Of the memory budget. */
  readonly budgetUsedBytes: number;
  /** Of the event loop, since the look before. */
  readonly longestStallMs: number;
  readonly descriptors: number;
  readonly connections: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly queued: number;
  readonly running: number;
}

export const MIB = 1024 * 1024;
/** A sidecar that does not answer for so long serves nobody. */
const PATIENCE_MS = 30_000;

/** Rejects where the sidecar is gone, or does not answer. */
export async function look(sidecar: LimitedSidecar, atSeconds: number): Promise<Figures> {
  const { process: child, adminUrl } = sidecar;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const [stats, metrics, { heapBytes, externalBytes, longestStallMs }] = await Promise.all([
    fetch(`${adminUrl}/stats`, { signal }).then((answer) => answer.json() as Promise<SidecarStats>),
    fetch(`${adminUrl}/metrics`, { signal }).then((answer) => answer.text()),
    settledMemory(sidecar, signal),
  ]);
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return {
    atSeconds,
    heldMiB: (heapBytes + externalBytes) / MIB,
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    peakMiB: sidecar.peakBytes() / MIB,
    budgetUsedBytes: seriesValue(metrics, 'inference_memory_used_bytes') ?? Number.NaN,
    longestStallMs,
    descriptors: readdirSync(`/proc/${child.pid}/fd`).length,
    connections: seriesValue(metrics, 'inference_client_connections') ?? Number.NaN,
    inFlight: stats.inFlight,
    waiting: stats.waiting,
    queued: stats.queue?.queued ?? Number.NaN,
    running: stats.queue?.running ?? Number.NaN,
  };
}

async function settledMemory({ process: child }: LimitedSidecar, signal: AbortSignal): Promise<SettledMemory> {
  const answer = once(child, 'message', { signal });
  // Where the sidecar is gone nobody answers either.
  child.send('settle', () => undefined);
  const [memory] = (await answer) as [SettledMemory];
  return memory;
}

export function inOneLine(figures: Figures): string {
  const { atSeconds, heldMiB, rssMiB, peakMiB, budgetUsedBytes, longestStallMs, descriptors, connections } = figures;
  const { inFlight, waiting, queued, running } = figures;
  return [
    `${String(atSeconds).padStart(5)} s`,
    `held ${heldMiB.toFixed(1).padStart(5)} MiB`,
    `RSS ${rssMiB.toFixed(0).padStart(4)} MiB, at most ${peakMiB.toFixed(0).padStart(4)}`,
    `budget ${(budgetUsedBytes / MIB).toFixed(1).padStart(5)} MiB`,
    `stall ${longestStallMs.toFixed(0).padStart(3)} ms`,
    `${String(descriptors).padStart(3)} descriptors`,
    `connections ${connections}`,
    `inside ${inFlight}`,
    `waiting ${waiting}`,
    `queued ${queued}+${running}`,
  ].join('  ');
}
