// While no pod is ready, the Service sends callers to one that is not: it must listen by the time its address is published, or they
// are refused instead of waiting in its line.
import { connect } from 'node:net';
import { afterAll, beforeAll, expect } from 'vitest';
import { type ServiceAccess, startServiceAccess } from '../../dev/cluster/service-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('services');
let world: World;
let services: ServiceAccess;
beforeAll(async () => {
  world = await startWorld({ nodes: [{ name: 'node-1' }] });
  services = await startServiceAccess(world.api.kubeconfigPath);
  await world.startOperator();
});
afterAll(async () => {
  await services?.stop();
  await world?.close();
});

const dial = (host: string, port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, host, () => resolve('accepted'));
    socket.on('error', ({ message }) => resolve(message));
    socket.on('close', () => resolve('closed'));
    setTimeout(() => socket.destroy(), 5_000).unref();
  });

test('the only pod listens when its address is published, and a caller waits while its model loads', async () => {
  const container = { image: 'inference-operator/echo', args: ['--load-seconds', '3'] };
  await world.apply(echo('sole', { container }));
  const soon = { deadlineMs: 120_000, everyMs: 1 };
  const published = await eventually(async () => {
    const target = services.endpointOf('default', 'sole');
    if (target === undefined) throw new Error('no address yet');
    return target;
  }, soon);
  expect(await dial(published.host, published.port)).toBe('accepted');
  expect((await world.infdep('sole')).status?.phase).not.toBe('Healthy');
  const answer = await fetch(`http://${published.host}:${published.port}/sole/v1/models`);
  expect(answer.status).toBe(200);
});
