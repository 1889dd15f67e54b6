// Objects of somebody else under our names are left as they are; the condition says which, and once it is gone all is made.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubernetesObject } from '../../operator/api/kubernetes.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ withoutControllers: true });
  await world.startOperator();
});
afterAll(() => world?.close());

test('a Service that was there before is not touched, and named in status and events', async () => {
  await world.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'taken' },
    spec: { ports: [{ port: 80 }] },
  });
  const before = await world.json<KubernetesObject>('get', 'service', 'taken');
  await world.apply(echo('taken'));
  const stalled = await world.until('taken', ({ status }) => status?.phase === 'Unhealthy');
  expect(stalled.status?.waitingFor).toBe('FreeName');
  expect(stalled.status?.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
    status: 'False',
    reason: 'ForeignObject',
    message: expect.stringContaining('Service taken exists already and does not belong to this InferenceDeployment'),
  });
  expect(await world.kubectl('describe', 'infdep', 'taken')).toMatch(/Warning\s+ForeignObject/);
  expect(await world.json('get', 'service', 'taken')).toEqual(before);
});

test('once the name is free, the next change makes all', async () => {
  await world.kubectl('delete', 'service', 'taken');
  await world.kubectl('annotate', 'infdep', 'taken', 'look=again');
  await world.until('taken', ({ status }) => status?.conditions?.[1]?.status === 'True');
  const service = await world.json<KubernetesObject>('get', 'service', 'taken');
  expect(service.metadata.ownerReferences?.[0]).toMatchObject({
    kind: 'InferenceDeployment',
    name: 'taken',
    controller: true,
  });
});

test('fields that others add to our objects stay; those that are ours are put back', async () => {
  await world.apply(echo('shared'));
  await world.until('shared', ({ status }) => status?.conditions?.[1]?.status === 'True');
  await world.kubectl('label', 'service', 'shared', 'team=a');
  await world.kubectl('patch', 'service', 'shared', '--type=merge', '-p', '{"spec":{"selector":{"app":"nonsense"}}}');
  await eventually(async () => {
    const service = await world.json<KubernetesObject & { spec: { selector: object } }>('get', 'service', 'shared');
    expect(service.spec.selector).toMatchObject({ 'inference-operator.dev/name': 'shared' });
    expect(service.metadata.labels?.team).toBe('a');
  });
});
