// One manifest in, a model served: kubectl apply, the phases on the way, the printer columns, a request through the sidecar,
// and kubectl delete leaves nothing behind.
import { afterAll, beforeAll, expect } from 'vitest';
import type { List, Pod } from '../../operator/api/kubernetes.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('pods');
let world: World;
beforeAll(async () => {
  world = await startWorld({ nodes: [{ name: 'gpu-1', gpus: { count: 2 } }] });
  await world.startOperator();
});
afterAll(() => world?.close());

test('kubectl apply leads to Healthy, and a request through the pod’s sidecar is answered', async () => {
  await world.apply(echo('hello', { gpu: { count: 1 } }));
  const healthy = await world.until('hello', ({ status }) => status?.phase === 'Healthy');
  expect(healthy.status).toMatchObject({
    ready: '1/1',
    replicas: 1,
    readyReplicas: 1,
    observedGeneration: 1,
    url: 'http://hello.default.svc',
    selector: 'inference-operator.dev/name=hello',
  });
  const pods = await world.json<List<Pod>>('get', 'pods', '-l', healthy.status!.selector!);
  const answer = await fetch(`http://${pods.items[0]!.status!.podIP}:8080/hello/v1/models`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-inference-id')).toMatch(/^[\w-]{8,}/);
});

test('kubectl get shows the columns, kubectl describe the events', async () => {
  const [head, row] = (await world.kubectl('get', 'infdep', 'hello')).split('\n');
  expect(head?.trim().split(/\s{2,}/)).toEqual(['NAME', 'PHASE', 'READY', 'QUEUED', 'IN-FLIGHT', 'WAITING-FOR', 'AGE']);
  expect(row).toMatch(/^hello\s+Healthy\s+1\/1\s+0\s+0\s/);
  await eventually(async () => {
    const described = await world.kubectl('describe', 'infdep', 'hello');
    expect(described).toMatch(/Normal\s+AllReplicasReady\s.*1 replica takes requests/);
  });
});

test('a ready pod closes the Service to pods that are not', async () => {
  const service = await world.json<{ spec: { publishNotReadyAddresses?: boolean } }>('get', 'service', 'hello');
  expect(service.spec.publishNotReadyAddresses ?? false).toBe(false);
});

test('kubectl delete leaves no object and no process behind', async () => {
  const { items } = await world.json<List<Pod>>('get', 'pods', '-l', 'inference-operator.dev/name=hello');
  const ip = items[0]!.status!.podIP!;
  await world.kubectl('delete', 'infdep', 'hello');
  const kinds = 'pods,deployments,replicasets,services,secrets,networkpolicies,poddisruptionbudgets,ingresses,infdep';
  await eventually(
    async () => {
      const left = await world.json<List<Pod>>('get', kinds, '-l', 'inference-operator.dev/name=hello');
      expect(left.items.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([]);
    },
    { deadlineMs: 60_000 },
  );
  await expect(fetch(`http://${ip}:8080/`)).rejects.toThrow();
  await expect(fetch(`http://${ip}:9090/healthz`)).rejects.toThrow();
});
