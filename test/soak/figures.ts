// One look at the soaked sidecar: what it holds after a collection of garbage, what the kernel says it occupies, its descriptors,
// and what its admin port tells. Judges nothing.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { SidecarStats } from '../../sidecar/contract.ts';
import { seriesValue } from '../support/metrics-text.ts';
import type { SidecarProgram } from '../support/sidecar-program.ts';

/** Of V8, after a collection. `external` holds the bodies: buffers lie outside of the heap. */
export interface SettledMemory {
  readonly heapBytes: number;
  readonly externalBytes: number;
}

export interface Figures {
  readonly atSeconds: number;
  readonly heldMiB: number;
  readonly rssMiB: number;
  readonly descriptors: number;
  readonly connections: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly queued: number;
  readonly running: number;
}

const MIB = 1024 * 1024;

export async function look(sidecar: SidecarProgram, atSeconds: number): Promise<Figures> {
  const { process: child, adminUrl } = sidecar;
  const [stats, metrics, { heapBytes, externalBytes }] = await Promise.all([
    fetch(`${adminUrl}/stats`).then((answer) => answer.json() as Promise<SidecarStats>),
    fetch(`${adminUrl}/metrics`).then((answer) => answer.text()),
    settledMemory(sidecar),
  ]);
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return {
    atSeconds,
    heldMiB: (heapBytes + externalBytes) / MIB,
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    descriptors: readdirSync(`/proc/${child.pid}/fd`).length,
    connections: seriesValue(metrics, 'inference_client_connections') ?? Number.NaN,
    inFlight: stats.inFlight,
    waiting: stats.waiting,
    queued: stats.queue?.queued ?? Number.NaN,
    running: stats.queue?.running ?? Number.NaN,
  };
}

async function settledMemory({ process: child }: SidecarProgram): Promise<SettledMemory> {
  const answer = once(child, 'message');
  child.send('settle');
  const [memory] = (await answer) as [SettledMemory];
  return memory;
}

export function inOneLine(figures: Figures): string {
  const { atSeconds, heldMiB, rssMiB, descriptors, connections, inFlight, waiting, queued, running } = figures;
  return [
    `${String(atSeconds).padStart(5)} s`,
    `held ${heldMiB.toFixed(1).padStart(5)} MiB`,
    `RSS ${rssMiB.toFixed(0).padStart(4)} MiB`,
    `${String(descriptors).padStart(3)} descriptors`,
    `connections ${connections}`,
    `inside ${inFlight}`,
    `waiting ${waiting}`,
    `queued ${queued}+${running}`,
  ].join('  ');
}
