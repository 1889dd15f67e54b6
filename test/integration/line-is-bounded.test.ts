// The line: how many may wait, how long, and what who is refused is told.
import { afterEach, expect, test } from 'vitest';
import { lineUntilRefused, startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
afterEach(() => sidecar.close());

const problemOf = async (response: Response) => [
  response.status,
  ((await response.json()) as { code: string }).code,
  response.headers.get('content-type'),
];

test('one more than may wait gets 429 queue_full with Retry-After, at once', async () => {
  sidecar = await startSidecar({ settings: { maxQueue: 2 } });
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const waiting = [fetch(`${sidecar.url}/echo`), fetch(`${sidecar.url}/echo`)];
  await sidecar.until((stats) => stats.waiting === 2);
  const refused = await fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'x' });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await problemOf(refused)).toEqual([429, 'queue_full', 'application/problem+json']);
  sidecar.model.release('door');
  for (const response of await Promise.all([inside, ...waiting])) expect(response.status).toBe(200);
});

test('who waits past its time to live gets 504 request_expired', async () => {
  sidecar = await startSidecar({ settings: { requestTtlSeconds: 1 }, model: {} });
  // A stream that has begun has no deadline: it keeps the slot.
  const inside = await fetch(`${sidecar.url}/v1/completions?hold-tokens=t`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'x', max_tokens: 1, stream: true }),
  });
  const late = await fetch(`${sidecar.url}/echo`);
  expect(await problemOf(late)).toEqual([504, 'request_expired', 'application/problem+json']);
  sidecar.model.release('t:0');
  expect(await inside.text()).toContain('[DONE]');
  expect(sidecar.model.stats().total).toBe(1);
});

test('a container that sends no headers in time: 504 upstream_timeout, its connection closed, the slot free', async () => {
  sidecar = await startSidecar({ settings: { requestTtlSeconds: 1 } });
  const response = await fetch(`${sidecar.url}/hang`, { method: 'POST', body: 'x' });
  expect(await problemOf(response)).toEqual([504, 'upstream_timeout', 'application/problem+json']);
  await sidecar.model.when((stats) => stats.aborted.length === 1);
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('who could not make its deadline at the measured rate is told so at once: 429 deadline_unreachable', async () => {
  sidecar = await startSidecar({ settings: { requestTtlSeconds: 20 } });
  for (let i = 0; i < 5; i++) await fetch(`${sidecar.url}/sleep?ms=500`);
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const line = await lineUntilRefused(sidecar);
  // Forty at half a second each; fewer where the machine was slow.
  expect(line.waiting.length).toBeGreaterThan(0);
  expect(line.waiting.length).toBeLessThanOrEqual(40);
  expect(Number(line.refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await problemOf(line.refused)).toEqual([429, 'deadline_unreachable', 'application/problem+json']);
  sidecar.model.release('door');
  await Promise.all([inside, ...line.waiting]);
});

test('a stream outlives the time to live, which ends with the response headers', async () => {
  sidecar = await startSidecar({ settings: { requestTtlSeconds: 1 } });
  const response = await fetch(`${sidecar.url}/v1/completions?token-ms=100`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'x', max_tokens: 20, stream: true }),
  });
  expect(await response.text()).toContain('[DONE]');
});

test('a stream that falls silent is ended after the idle timeout', async () => {
  sidecar = await startSidecar({ settings: { idleTimeoutSeconds: 1 } });
  const response = await fetch(`${sidecar.url}/v1/completions?hang-after=2`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'x', max_tokens: 20, stream: true }),
  });
  await expect(response.text()).rejects.toThrow();
  await sidecar.until(({ inFlight }) => inFlight === 0);
});
