// The sidecar's memory limit goes with the largest body that the spec allows: with less the sidecar would not start.
import { expect, test } from 'vitest';
import { wholeUnits } from '../../operator/api/quantity.ts';
import { leastMemoryLimit } from '../../sidecar/contract.ts';
import { type Json, podOf } from '../support/desired.ts';

const resourcesOf = (spec: Json): Json => podOf(spec).initContainers[0].resources;

test('the whisper example, whose recordings may have 256 MiB, has a limit with which they pass', () => {
  const { limits } = resourcesOf({ queue: { maxBodyBytes: '256Mi' } });
  expect(wholeUnits(limits.memory)).toBeGreaterThanOrEqual(leastMemoryLimit(256 * 2 ** 20));
});

test('a limit that is enough stays as it was written, and none stays none', () => {
  const limits = { memory: '3Gi' };
  expect(resourcesOf({ queue: { maxBodyBytes: '256Mi' }, sidecar: { resources: { limits } } }).limits).toEqual(limits);
  expect(resourcesOf({ queue: { maxBodyBytes: '256Mi' }, sidecar: { resources: {} } })).toEqual({});
});

test('one of the spec that is too small is raised too, and the rest of the resources kept', () => {
  const resources = { requests: { cpu: '1' }, limits: { memory: '64Mi', cpu: '2' } };
  expect(resourcesOf({ queue: { maxBodyBytes: '32Mi' }, sidecar: { resources } })).toEqual({
    requests: { cpu: '1' },
    limits: { memory: `${Math.ceil(leastMemoryLimit(32 * 2 ** 20) / 2 ** 20)}Mi`, cpu: '2' },
  });
});
