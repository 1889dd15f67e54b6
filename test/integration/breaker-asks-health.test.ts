// A container that gives no responses: after so many in a row nothing more is claimed, until its health path says that it works.
import { afterEach, expect, test } from 'vitest';
import { createQueueService } from '../../sidecar/queue/create-queue.ts';
import { eventually } from '../support/eventually.ts';
import { quickTimes } from '../support/queue-replica.ts';
import { type SidecarSetup, startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar | undefined;
let asked = 0;
afterEach(async () => {
  await sidecar?.close();
  asked = 0;
});

/** Probed once at its start and then not for an hour: what opens and closes here is the breaker, not the gate. */
function start(settings: SidecarSetup['settings']) {
  return startSidecar({
    settings: { concurrency: 1, maxAttempts: 5, healthPeriodSeconds: 3600, ...settings },
    queueService: (around) =>
      createQueueService(
        {
          ...around,
          probeContainer: () => {
            asked++;
            if (around.probeContainer === undefined) throw new Error('the breaker has nobody to ask');
            return around.probeContainer();
          },
        },
        quickTimes,
      ),
  });
}

async function submit({ url }: TestSidecar, path: string, id: string): Promise<void> {
  const headers = { 'X-Inference-Id': id, Prefer: 'respond-async' };
  const answer = await fetch(`${url}${path}`, { method: 'POST', body: 'x', headers });
  expect(answer.status).toBe(202);
}

const executionsOf = ({ model }: TestSidecar, id: string) => model.stats().executions[id] ?? 0;
const breaker = ({ log }: TestSidecar) => log.filter(({ msg }) => msg === 'breaker').map(({ state }) => state);

test('after five failures in a row claims stop, and go on only when the health path says so', async () => {
  sidecar = await start({});
  const { model } = sidecar;
  model.setHealth('500');
  await submit(sidecar, '/reset', 'broken');
  await eventually(() => breaker(sidecar!).includes('open'));
  await submit(sidecar, '/echo', 'behind');
  await eventually(() => asked >= 3);
  expect(executionsOf(sidecar, 'broken')).toBe(5);
  expect(executionsOf(sidecar, 'behind')).toBe(0);
  expect(breaker(sidecar)).toEqual(['open']);
  model.setHealth('ok');
  await eventually(() => executionsOf(sidecar!, 'behind') === 1);
  await eventually(() => breaker(sidecar!).includes('closed'));
  expect(breaker(sidecar)).toEqual(['open', 'probing', 'closed']);
});

test('without health probing claims go on after the pause', async () => {
  sidecar = await start({ healthPath: '' });
  sidecar.model.setHealth('500');
  await submit(sidecar, '/reset', 'broken');
  await eventually(() => breaker(sidecar!).includes('open'));
  await submit(sidecar, '/echo', 'behind');
  await eventually(() => breaker(sidecar!).includes('closed'));
  expect(executionsOf(sidecar, 'behind')).toBe(1);
  expect(breaker(sidecar)).toEqual(['open', 'probing', 'closed']);
});
