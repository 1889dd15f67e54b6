// Two models whose process stands still, under the probes that the operator makes: the one that computes for a caller is left alone,
// the one that is stuck is killed by its liveness probe, and who called meanwhile is served by its successor.
import { afterAll, beforeAll, expect } from 'vitest';
import type { List, Pod } from '../../operator/api/kubernetes.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('pods');
/** Three failed probes, five seconds apart, kill. */
const COMPUTES_MS = 40_000;
let world: World;
beforeAll(async () => {
  world = await startWorld({ nodes: [{ name: 'node-1' }] });
  await world.startOperator();
  for (const name of ['computing', 'stuck']) {
    await world.apply(
      echo(name, {
        healthCheck: { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 },
        queue: { store: 'embedded', requestTtlSeconds: 300 },
      }),
    );
  }
});
afterAll(() => world?.close());

const podOf = async (name: string): Promise<Pod> =>
  (await world.json<List<Pod>>('get', 'pods', '-l', `inference-operator.dev/name=${name}`)).items[0]!;
const healthy = async (name: string): Promise<Pod> => {
  await world.until(name, ({ status }) => status?.phase === 'Healthy');
  return podOf(name);
};
const model = ({ status }: Pod) => status!.containerStatuses!.find(({ name }) => name === 'model')!;
const post = (pod: Pod, port: number, path: string) =>
  fetch(`http://${pod.status!.podIP}:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'echo', prompt: 'hello', max_tokens: 2 }),
  });

test('a model that computes is left alone; one that is stuck is replaced, and its caller waits', async () => {
  const [computing, stuck] = await Promise.all(['computing', 'stuck'].map(healthy));
  const computed = post(computing!, 8080, `/computing/control/hang?ms=${COMPUTES_MS}`);
  // Past the sidecar: nobody it knows of is inside.
  const ended = post(stuck!, 8000, '/control/hang?ms=3600000').catch((error: Error) => error);
  await world.until('stuck', ({ status }) => status?.waitingFor === 'HealthCheck');
  const waited = post(stuck!, 8080, '/stuck/v1/completions');
  expect((await waited).status).toBe(200);
  expect(await ended).toBeInstanceOf(Error);
  await eventually(async () => expect(model(await podOf('stuck')).restartCount).toBe(1));
  const after = await healthy('stuck');
  expect(after.metadata.uid).toBe(stuck!.metadata.uid);
  // SIGTERM does not reach a process that stands still.
  expect(model(after).lastState?.terminated?.exitCode).toBe(137);
  expect(await world.kubectl('get', 'events')).toContain('Container model failed liveness probe, will be restarted');

  expect((await computed).status).toBe(200);
  expect(model(await healthy('computing')).restartCount).toBe(0);
});
