// What status counts: replicas on their way, requests inside and waiting, and what it leaves out because nobody knows.
import { expect, test } from 'vitest';
import { statusOf } from '../../operator/status/status.ts';
import type { SidecarStats } from '../../sidecar/contract.ts';
import { type PodGiven, stats, waiting } from '../support/pods.ts';
import { coming, inputOf, type Row } from '../support/status-rows.ts';

const row = (given: Partial<Row>): Row => ({ phase: '', conditions: [], ...given });

test('figures are summed over replicas, the queue of the deployment counted once', () => {
  const input = inputOf(row({ spec: { replicas: 2 }, pods: [{}, { name: 'llama-2' }] }));
  const figures = stats({ inFlight: 2, waiting: 3, queue: { queued: 10, running: 1, oldestQueuedSeconds: 40 } });
  const status = statusOf({
    ...input,
    stats: new Map([
      ['a', figures],
      ['b', figures],
    ]),
  });
  expect(status).toMatchObject({
    queued: 16,
    inFlight: 4,
    oldestQueuedSeconds: 40,
    ready: '2/2',
    replicas: 2,
    readyReplicas: 2,
    selector: 'inference-operator.dev/name=llama',
    url: 'http://llama.models.svc',
    observedGeneration: 1,
    rollout: { strategy: 'Surge', reason: 'because' },
  });
});

test('what waits in the queue is not known while no sidecar tells', () => {
  for (const given of [{ spec: { paused: true } }, { pods: [{}], figures: { queue: null } }]) {
    expect(statusOf(inputOf(row(given)))).not.toHaveProperty('queued');
  }
});

test('scaling up reads Updating and Scaling from the first moment to the last', () => {
  const young: readonly (PodGiven | undefined)[] = [
    undefined,
    { ...coming, node: null },
    { ...coming, model: waiting('PodInitializing'), sidecar: waiting('ContainerCreating') },
    { ...coming, model: waiting('PodInitializing') },
    coming,
    { ready: false, started: true },
  ];
  const opening = stats({ container: 'starting', store: { kind: 'redis', ok: false, error: null }, queue: null });
  for (const stage of young) {
    const second = stage === undefined ? [] : [{ ...stage, name: 'llama-2' }];
    const input = inputOf(row({ spec: { replicas: 2 }, pods: [{}, ...second] }));
    for (const figures of [undefined, opening, stats({ container: 'starting' })]) {
      const known = new Map<string, SidecarStats>([['uid-of-llama-1', stats()]]);
      if (figures !== undefined) known.set('uid-of-llama-2', figures);
      const status = statusOf({ ...input, stats: known });
      expect([status.phase, status.conditions?.[1]?.reason, status.conditions?.[3]?.status]).toEqual([
        'Updating',
        'Scaling',
        'True',
      ]);
    }
  }
});

test('a pod that leaves, with a former address of the store, does not make the store unreachable', () => {
  const deletionTimestamp = '2026-01-01T00:00:00Z';
  const input = inputOf({ pods: [{}, { name: 'llama-2', deletionTimestamp }], phase: '', conditions: [] });
  const lost = stats({ store: { kind: 'redis', ok: false, error: 'ECONNRESET' } });
  const ready = (of: Record<string, SidecarStats>) =>
    statusOf({ ...input, stats: new Map(Object.entries(of)) }).conditions?.find(({ type }) => type === 'StoreReady')
      ?.reason;
  expect(ready({ 'uid-of-llama-1': stats(), 'uid-of-llama-2': lost })).toBe('Connected');
  expect(ready({ 'uid-of-llama-1': lost, 'uid-of-llama-2': stats() })).toBe('StoreUnreachable');
  expect(ready({ 'uid-of-llama-2': lost })).toBe('StoreUnreachable');
});
