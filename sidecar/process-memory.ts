// What this process may use of the machine's memory, and the memory budget that follows from it where no setting says one.
import { totalmem } from 'node:os';
import { SettingsError } from '../runtime/settings.ts';
import { leastMemoryBudget, leastMemoryLimit, memoryBudgetOf, type SidecarSettings } from './contract.ts';

export interface ProcessMemory {
  /** The cgroup's limit, version 1 or 2, in bytes; undefined: there is none. */
  readonly limitBytes: number | undefined;
  readonly machineBytes: number;
  /** V8 aborts the process where its heap would grow beyond. */
  readonly heapLimitBytes: number;
}

/** Without a limit the sidecar still shares the machine with the model. */
const SHARE_OF_MACHINE = 1 / 4;
const MIB = 1024 * 1024;

export function processMemory(): ProcessMemory {
  const machineBytes = totalmem();
  const limitBytes = process.constrainedMemory();
  const { heap_size_limit: heapLimitBytes } = process.getBuiltinModule('node:v8').getHeapStatistics();
  return {
    limitBytes: limitBytes > 0 && limitBytes < machineBytes ? limitBytes : undefined,
    machineBytes,
    heapLimitBytes,
  };
}

/** Bytes of the memory budget. Throws a SettingsError where the largest body would not fit, or the budget not into the memory limit. */
export function memoryBudgetBytes(
  { memoryBudgetBytes: given, maxBodyBytes }: Pick<SidecarSettings, 'memoryBudgetBytes' | 'maxBodyBytes'>,
  { limitBytes, machineBytes }: ProcessMemory,
): number {
  const most = memoryBudgetOf(limitBytes ?? machineBytes);
  const least = leastMemoryBudget(maxBodyBytes);
  if (given > most) {
    const bound = `a memory limit of ${mebibytes(limitBytes ?? machineBytes)} leaves ${most} bytes`;
    throw new SettingsError([`SIDECAR_MEMORY_BUDGET_BYTES is ${given}, but ${bound}: lower it or raise the limit`]);
  }
  const budget =
    given > 0 ? given : Math.min(most, Math.max(memoryBudgetOf(limitBytes ?? machineBytes * SHARE_OF_MACHINE), least));
  if (budget >= least) return budget;
  const way =
    given > 0
      ? `raise SIDECAR_MEMORY_BUDGET_BYTES to ${least}`
      : `raise the memory limit to ${mebibytes(leastMemoryLimit(maxBodyBytes))}`;
  throw new SettingsError([
    `SIDECAR_MAX_BODY_BYTES is ${maxBodyBytes}, too large for a memory budget of ${Math.max(budget, 0)} bytes: lower it, or ${way}`,
  ]);
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB)}Mi`;
}
