// The only pod of a deployment leaves under callers that never pause: who calls is answered, told to come back, or refused. Nobody is sent
// to an address that no pod has any more, where a connection waits for more than a minute before it fails.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { type ServiceAccess, startServiceAccess } from '../../dev/cluster/service-proxy.ts';
import type { List, Pod } from '../../operator/api/kubernetes.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('services');
/** Longer than an answer takes on a busy machine, and shorter than anything that waits in a line here. */
const SILENCE_MS = 20_000;
let world: World;
let services: ServiceAccess;
beforeAll(async () => {
  world = await startWorld({ nodes: [{ name: 'gpu-1', gpus: { count: 1 } }] });
  services = await startServiceAccess(world.api.kubeconfigPath);
  await world.startOperator();
});
afterAll(async () => {
  await services?.stop();
  await world?.close();
});

async function call(url: string): Promise<string> {
  try {
    const headers = { connection: 'close' };
    const answer = await fetch(`${url}/sole/v1/models`, { headers, signal: AbortSignal.timeout(SILENCE_MS) });
    await answer.text();
    return String(answer.status);
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? 'silence' : 'refused';
  }
}

/** Calls without a pause until told to stop; who is refused comes again soon. */
function startCallers(url: string) {
  const seen: Record<string, number> = {};
  let isOver = false;
  const lane = async () => {
    while (!isOver) {
      const outcome = await call(url);
      seen[outcome] = (seen[outcome] ?? 0) + 1;
      if (outcome !== '200') await pause(5);
    }
  };
  const lanes = Promise.all([lane(), lane(), lane()]);
  return {
    seen,
    stop: async () => {
      isOver = true;
      await lanes;
    },
  };
}

test('a rollout of one replica without a spare GPU leaves no caller unanswered', async () => {
  const spec = { gpu: { count: 1 }, concurrency: 4, shutdownGraceSeconds: 20 };
  await world.apply(echo('sole', spec));
  await world.until('sole', ({ status }) => status?.phase === 'Healthy');
  const pods = async () => (await world.json<List<Pod>>('get', 'pods')).items;
  const [before] = await pods();
  const { host, port } = await services.openService('default', 'sole');
  const callers = startCallers(`http://${host}:${port}`);
  await eventually(() => expect(callers.seen['200']).toBeGreaterThan(10));
  await world.apply(echo('sole', { ...spec, podAnnotations: { change: 'a' } }));
  await eventually(
    async () => expect((await pods()).map(({ metadata }) => metadata.uid)).not.toContain(before?.metadata.uid),
    { deadlineMs: 90_000 },
  );
  await world.until('sole', ({ status }) => status?.phase === 'Healthy' && status.observedGeneration === 2);
  const servedBefore = callers.seen['200'] ?? 0;
  await eventually(() => expect(callers.seen['200']).toBeGreaterThan(servedBefore));
  await callers.stop();
  expect(callers.seen.silence ?? 0, JSON.stringify(callers.seen)).toBe(0);
});
