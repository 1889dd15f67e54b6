// A saturated gate: sync callers and queued work wait at the same time. Callers go first, queued work ages, neither starves.
import { afterEach, expect, test } from 'vitest';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
afterEach(() => sidecar.close());

/** One slot, taken; behind it eight sync callers and eight accepted requests. Returns who came in, in order. */
async function orderBehindOneSlot(): Promise<readonly string[]> {
  sidecar = await startSidecar();
  const first = fetch(`${sidecar.url}/echo/first?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const answers: Promise<Response>[] = [first];
  for (let i = 0; i < 8; i++) {
    const headers = { Prefer: 'respond-async' };
    const accepted = await fetch(`${sidecar.url}/echo/async`, { method: 'POST', headers, body: `${i}` });
    expect(accepted.status).toBe(202);
    answers.push(fetch(`${sidecar.url}/echo/sync`));
    await sidecar.until(({ waiting }) => waiting === i + 1);
  }
  sidecar.model.release('door');
  await Promise.all(answers);
  await sidecar.model.when((stats) => stats.finished === 17);
  return sidecar.model
    .stats()
    .calls.slice(1)
    .map(({ path }) => path.replace('/echo/', ''));
}

test('sync callers go first, but queued work comes in among them', async () => {
  const order = await orderBehindOneSlot();
  const lastSync = order.lastIndexOf('sync');
  const asyncBefore = order.slice(0, lastSync).filter((kind) => kind === 'async').length;
  expect(order.filter((kind) => kind === 'sync')).toHaveLength(8);
  expect(order.filter((kind) => kind === 'async')).toHaveLength(8);
  // Queued work is not starved: it came in before the last caller. Nor does it push: callers had most of the first turns.
  expect(asyncBefore).toBeGreaterThanOrEqual(1);
  expect(asyncBefore).toBeLessThanOrEqual(3);
});

test('callers that keep coming do not keep queued work out for ever', async () => {
  sidecar = await startSidecar();
  let isComing = true;
  const caller = async () => {
    while (isComing) await fetch(`${sidecar.url}/echo/sync`);
  };
  const callers = Array.from({ length: 4 }, caller);
  await sidecar.until(({ inFlight, waiting }) => inFlight === 1 && waiting > 0);
  const headers = { Prefer: 'respond-async' };
  for (let i = 0; i < 5; i++) await fetch(`${sidecar.url}/echo/async`, { method: 'POST', headers, body: `${i}` });
  await sidecar.model.when(({ calls }) => calls.filter(({ path }) => path === '/echo/async').length === 5);
  isComing = false;
  await Promise.all(callers);
});
