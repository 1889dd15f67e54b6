// The sidecar program with the memory that the chart gives it: the budget, the heap and the flags of such a container, and the most
// memory it ever had, which a kernel that enforced the limit would have killed it for.
import { readFileSync } from 'node:fs';
import { imageNodeFlags } from '../../dev/bundle.ts';
import { memoryBudgetOf } from '../../sidecar/contract.ts';
import { type ProgramOptions, type SidecarProgram, startSidecarProgram } from './sidecar-program.ts';

const MIB = 1024 * 1024;
/** `sidecar.resources.limits.memory` of the chart. */
export const CHART_LIMIT_BYTES = 512 * MIB;
/** V8's heap in a container of that size, and what the image says. */
const limitedNode = ['--max-old-space-size=256', ...imageNodeFlags.sidecar];

export interface LimitedSidecar extends SidecarProgram {
  /** Most memory in use at a time so far. */
  peakBytes(): number;
  /** Of its metrics. */
  figure(name: string): Promise<number>;
}

export async function startLimitedSidecar(
  settings: Parameters<typeof startSidecarProgram>[0],
  { nodeOptions = [], ...options }: ProgramOptions = {},
): Promise<LimitedSidecar> {
  const memoryBudgetBytes = memoryBudgetOf(CHART_LIMIT_BYTES);
  const program = await startSidecarProgram(
    { name: 'demo', memoryBudgetBytes, ...settings },
    { ...options, nodeOptions: [...limitedNode, ...nodeOptions] },
  );
  return {
    ...program,
    peakBytes() {
      const status = readFileSync(`/proc/${program.process.pid}/status`, 'utf8');
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    },
    async figure(name) {
      const text = await (await fetch(`${program.adminUrl}/metrics`)).text();
      return Number(new RegExp(`^${name}\\{.*\\} (.*)$`, 'm').exec(text)?.[1]);
    },
  };
}
