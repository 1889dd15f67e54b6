// The container never sees more requests at a time than the limit, and sees that many when they are there.
import { afterEach, expect, test } from 'vitest';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
afterEach(() => sidecar.close());

test.each([
  [1, 10],
  [32, 40],
])('with concurrency %i and %i requests at once', async (concurrency, requests) => {
  sidecar = await startSidecar({ settings: { concurrency } });
  const answers = Array.from({ length: requests }, (_, i) =>
    fetch(`${sidecar.url}/echo/${i}?hold=door`, { method: 'POST', body: `${i}` }),
  );
  await sidecar.until(({ inFlight, waiting }) => inFlight === concurrency && waiting === requests - concurrency);
  await sidecar.model.when((stats) => stats.inFlight === concurrency);
  sidecar.model.release('door');
  const opening = setInterval(() => sidecar.model.release('door'), 5);
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  clearInterval(opening);
  expect(new Set(statuses)).toEqual(new Set([200]));
  const { maxInFlight, total } = sidecar.model.stats();
  expect([maxInFlight, total]).toEqual([concurrency, requests]);
});

test('sync and async requests share the limit', async () => {
  sidecar = await startSidecar({ settings: { concurrency: 2 } });
  const headers = { Prefer: 'respond-async' };
  for (let i = 0; i < 6; i++) await fetch(`${sidecar.url}/sleep?ms=50`, { method: 'POST', headers, body: 'x' });
  await Promise.all(
    Array.from({ length: 6 }, () => fetch(`${sidecar.url}/sleep?ms=50`, { method: 'POST', body: 'x' })),
  );
  await sidecar.model.when((stats) => stats.finished === 12);
  expect(sidecar.model.stats().maxInFlight).toBe(2);
});

test('requests come in in the order they arrived', async () => {
  sidecar = await startSidecar();
  const first = fetch(`${sidecar.url}/echo/first?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const rest: Promise<Response>[] = [];
  for (let i = 0; i < 8; i++) {
    rest.push(fetch(`${sidecar.url}/echo/${i}`));
    await sidecar.until(({ waiting }) => waiting === i + 1);
  }
  sidecar.model.release('door');
  await Promise.all([first, ...rest]);
  const paths = sidecar.model.stats().calls.map(({ path }) => path);
  expect(paths).toEqual(['/echo/first', ...Array.from({ length: 8 }, (_, i) => `/echo/${i}`)]);
});
