// The memory budget that follows from the memory limit of the container, and limits with which no body would pass.
import { describe, expect, it } from 'vitest';
import { readSidecarSettings } from '../../sidecar/config.ts';
import { leastMemoryLimit } from '../../sidecar/contract.ts';
import { processMemory } from '../../sidecar/process-memory.ts';

const MIB = 1024 * 1024;
const machine = { machineBytes: 16 * 1024 * MIB, heapLimitBytes: 256 * MIB };
const budgetOf = (env: Readonly<Record<string, string>>, limitBytes: number | undefined) =>
  readSidecarSettings({ SIDECAR_NAME: 'demo', ...env }, [], { ...machine, limitBytes }).memoryBudgetBytes;

describe('the default of SIDECAR_MEMORY_BUDGET_BYTES', () => {
  it('is what the memory limit leaves beside the process itself', () => {
    expect(budgetOf({}, 512 * MIB)).toBe(352 * MIB);
    expect(budgetOf({}, 1024 * MIB)).toBe(800 * MIB);
  });

  it('is a part of the machine where there is no limit, and enough for the largest body', () => {
    expect(budgetOf({}, undefined)).toBe(3488 * MIB);
    expect(budgetOf({ SIDECAR_MAX_BODY_BYTES: String(512 * MIB) }, undefined)).toBe(4096 * MIB);
  });

  it('is told where the largest body would not fit', () => {
    expect(() => budgetOf({ SIDECAR_MAX_BODY_BYTES: String(256 * MIB) }, 512 * MIB)).toThrow(
      'SIDECAR_MAX_BODY_BYTES is 268435456, too large for a memory budget of 369098752 bytes: lower it, or raise the memory limit to 2451Mi',
    );
    expect(budgetOf({ SIDECAR_MAX_BODY_BYTES: String(256 * MIB) }, 2451 * MIB)).toBeGreaterThan(0);
  });

  it('has a memory limit that goes with each largest body', () => {
    for (const bytes of [1, 32 * MIB, 512 * MIB]) {
      const env = { SIDECAR_MAX_BODY_BYTES: String(bytes) };
      expect(budgetOf(env, leastMemoryLimit(bytes))).toBeGreaterThan(0);
      expect(() => budgetOf(env, leastMemoryLimit(bytes) - 2)).toThrow('too large for a memory budget');
    }
  });
});

describe('SIDECAR_MEMORY_BUDGET_BYTES', () => {
  it('is taken as it is where it fits', () => {
    expect(budgetOf({ SIDECAR_MEMORY_BUDGET_BYTES: String(300 * MIB) }, 512 * MIB)).toBe(300 * MIB);
  });

  it('is refused where it is more than the memory limit leaves, or less than the largest body needs', () => {
    expect(() => budgetOf({ SIDECAR_MEMORY_BUDGET_BYTES: String(400 * MIB) }, 512 * MIB)).toThrow(
      'a memory limit of 512Mi leaves 369098752 bytes: lower it or raise the limit',
    );
    expect(() => budgetOf({ SIDECAR_MEMORY_BUDGET_BYTES: '1000' }, 512 * MIB)).toThrow(
      'raise SIDECAR_MEMORY_BUDGET_BYTES to 268435456',
    );
  });
});

it('reads a limit of this process that is less than the memory of the machine, or none', () => {
  const { limitBytes, machineBytes, heapLimitBytes } = processMemory();
  expect(limitBytes ?? 0).toBeLessThan(machineBytes);
  expect(heapLimitBytes).toBeGreaterThan(0);
});
