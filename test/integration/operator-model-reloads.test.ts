// A model that is killed and listens long after its start, as vLLM does: it has its startup time again, its callers wait, and status says
// that it loads. Seconds of probes are short: a liveness probe that fails kills within three of them.
import { afterAll, beforeAll, expect } from 'vitest';
import type { List, Pod } from '../../operator/api/kubernetes.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('pods');
/** Liveness would have killed it by then, twice. */
const LOADS_SECONDS = 10;
let world: World;
beforeAll(async () => {
  world = await startWorld({ nodes: [{ name: 'node-1' }] });
  await world.startOperator();
});
afterAll(() => world?.close());

test('a model that is killed loads again in peace, and who calls meanwhile is served', async () => {
  const container = {
    image: 'inference-operator/echo',
    args: ['--load-seconds', String(LOADS_SECONDS), '--while-loading', 'refuse'],
  };
  const healthCheck = { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 };
  const queue = { store: 'embedded', requestTtlSeconds: 120 };
  await world.apply(echo('reloading', { container, healthCheck, queue }));
  await world.until('reloading', ({ status }) => status?.phase === 'Healthy');
  const pod = async () => (await world.json<List<Pod>>('get', 'pods')).items[0]!;
  const before = await pod();
  const at = (port: number, path: string) => `http://${before.status!.podIP}:${port}${path}`;
  await fetch(at(8000, '/control/crash'), { method: 'POST' }).catch(() => undefined);

  const waiting = fetch(at(8080, '/reloading/v1/models'));
  const loading = await world.until('reloading', ({ status }) => status?.waitingFor === 'ModelLoading');
  expect(loading.status?.phase).toBe('Initializing');
  expect(loading.status?.conditions?.[0]).toMatchObject({ type: 'Available', reason: 'ModelLoading' });
  expect((await waiting).status).toBe(200);
  await world.until('reloading', ({ status }) => status?.phase === 'Healthy');
  const after = await pod();
  expect(after.metadata.uid).toBe(before.metadata.uid);
  expect(after.status!.containerStatuses![0]!.restartCount).toBe(1);
});
