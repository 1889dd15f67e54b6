// While no pod is ready, the Service sends callers to one that is not: it must listen by the time its address is published, or they
// are refused instead of waiting in its line. One that leaves gets none of them any more once a successor has a line.
import { connect } from 'node:net';
import { afterAll, beforeAll, expect } from 'vitest';
import type { EndpointSlice } from '../../dev/cluster/objects.ts';
import { type ServiceAccess, startServiceAccess } from '../../dev/cluster/service-proxy.ts';
import type { List, Pod } from '../../operator/api/kubernetes.ts';
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
  const container = { image: 'inference-operator/echo', args: ['--load-seconds', '10'] };
  await world.apply(echo('sole', { container, queue: { store: 'embedded', requestTtlSeconds: 120 } }));
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

const pods = async () => (await world.json<List<Pod>>('get', 'pods', '-l', 'inference-operator.dev/name=sole')).items;
const published = async () => {
  const about = 'kubernetes.io/service-name=sole';
  const { items } = await world.json<List<EndpointSlice>>('get', 'endpointslices', '-l', about);
  return items.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
};

test('the only pod, deleted, leaves newcomers to the line of its successor, and finishes what is inside', async () => {
  await world.until('sole', ({ status }) => status?.phase === 'Healthy');
  const [leaving] = await pods();
  const host = leaving?.status?.podIP;
  const inside = fetch(`http://${host}:8080/sole/echo?hold=door`);
  await eventually(async () => {
    const stats = await (await fetch(`http://${host}:9090/stats`)).json();
    expect(stats).toMatchObject({ inFlight: 1 });
  });
  await world.kubectl('delete', 'pod', leaving?.metadata.name ?? '', '--wait=false');
  await eventually(
    async () => {
      const successor = (await pods()).find(({ metadata }) => metadata.name !== leaving?.metadata.name);
      expect(successor?.status?.podIP).toBeDefined();
      expect(await published()).toEqual([successor?.status?.podIP]);
    },
    { deadlineMs: 60_000 },
  );
  expect((await pods()).map(({ metadata }) => metadata.name)).toContain(leaving?.metadata.name);
  await fetch(`http://${host}:8000/control/release?key=door`, { method: 'POST' });
  expect((await inside).status).toBe(200);
});
