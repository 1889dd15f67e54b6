// Ids, duplicates, cancels and unknown requests: what status and result answer besides the happy path.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusDocument } from '../../sidecar/prefer/status-document.ts';
import { eventually } from '../support/eventually.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(() => sidecar.close());

const submit = (id: string, body = 'x', path = '/echo') =>
  fetch(`${sidecar.url}${path}`, { method: 'POST', body, headers: { Prefer: 'respond-async', 'X-Inference-Id': id } });
const lookUp = (kind: string, id: string, method = 'GET') =>
  fetch(`${sidecar.url}/${kind}/demo`, { method, headers: { 'X-Inference-Id': id } });
const isDone = async (id: string) => {
  const { Status } = (await (await lookUp('status', id)).json()) as { Status: string };
  return Status === 'Completed';
};

test('the same request with the same id is the same request, also after completion', async () => {
  const first = await (await submit('twice')).text();
  expect(await (await submit('twice')).text()).toBe(first);
  await eventually(() => isDone('twice'));
  expect(await (await submit('twice')).text()).toBe(first);
  expect(sidecar.model.stats().executions.twice).toBe(1);
});

test('another request with the same id: 409, and OpenAI SDKs shall not retry it', async () => {
  await submit('taken');
  const conflict = await submit('taken', 'another body');
  expect([conflict.status, conflict.headers.get('x-should-retry')]).toEqual([409, 'false']);
  expect(await conflict.json()).toMatchObject({ code: 'inference_id_conflict' });
});

test.each(['status', 'result'])('an unknown id on /%s: 404 that no client can loop on, never cached', async (kind) => {
  const response = await lookUp(kind, 'nobody');
  expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store']);
  const document = (await response.json()) as Record<string, unknown>;
  if (kind === 'status')
    expect(document).toMatchObject({
      Id: 'nobody',
      Status: 'Completed',
      Error: expect.stringMatching(/^inference_not_found: /),
    });
  else expect(document).toMatchObject({ code: 'inference_not_found' });
});

test.each([
  ['status', 'POST', 'GET, HEAD'],
  ['status', 'DELETE', 'GET, HEAD'],
  ['result', 'PUT', 'GET, HEAD, DELETE'],
])('/%s with %s: 405', async (kind, method, allow) => {
  const response = await lookUp(kind, 'any', method);
  expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
});

test('a canceled waiting request never reaches the container, and says so', async () => {
  const inside = fetch(`${sidecar.url}/echo?hold=cancel`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  await submit('unwanted');
  expect((await lookUp('result', 'unwanted', 'DELETE')).status).toBe(204);
  expect(await (await lookUp('status', 'unwanted')).json()).toMatchObject({ Status: 'Completed', Error: 'canceled' });
  expect((await lookUp('result', 'unwanted')).status).toBe(410);
  sidecar.model.release('cancel');
  await inside;
  expect(sidecar.model.stats().executions.unwanted).toBeUndefined();
});

test('canceling a running request closes the container’s connection', async () => {
  await submit('running', 'x', '/hang');
  await sidecar.model.when((stats) => stats.executions.running === 1 && stats.inFlight === 1);
  expect((await lookUp('result', 'running', 'DELETE')).status).toBe(204);
  await sidecar.model.when((stats) => stats.aborted.some(({ id }) => id === 'running'));
  expect((await lookUp('result', 'running')).status).toBe(410);
});

test('deleting a finished result removes it', async () => {
  await submit('finished');
  await eventually(() => isDone('finished'));
  expect((await lookUp('result', 'finished', 'DELETE')).status).toBe(204);
  expect((await lookUp('result', 'finished')).status).toBe(404);
});

test('a container that gave no response: 502 with the reason, Completed with Error', async () => {
  const resets = await startSidecar({ settings: { maxAttempts: 1 } });
  try {
    const headers = { Prefer: 'respond-async, wait=60', 'X-Inference-Id': 'lost' };
    const response = await fetch(`${resets.url}/reset`, { method: 'POST', body: 'x', headers });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'upstream_reset' });
    const status = await fetch(`${resets.url}/status/demo`, { headers: { 'X-Inference-Id': 'lost' } });
    expect(await status.json()).toMatchObject({
      Status: 'Completed',
      Error: expect.stringMatching(/^upstream_reset: /),
    });
    const dead = (await (await fetch(`${resets.adminUrl}/dead-letters`)).json()) as { id: string }[];
    expect(dead.map(({ id }) => id)).toEqual(['lost']);
  } finally {
    await resets.close();
  }
});

test('who waits is told the place in line and, once a rate is measured, how long it will take', async () => {
  for (let i = 0; i < 5; i++) await submit(`quick-${i}`, 'x', '/sleep?ms=20');
  await submit('door', 'x', '/echo?hold=wait');
  await submit('next');
  await submit('last');
  const status = await eventually(async () => {
    const document = (await (await lookUp('status', 'last')).json()) as StatusDocument;
    if (document.EstimatedWaitSeconds === null || document.QueuePosition !== 1)
      throw new Error(JSON.stringify(document));
    return document;
  });
  expect(status.Status).toBe('Queue');
  expect(status.EstimatedWaitSeconds).toBeGreaterThanOrEqual(1);
  const result = await lookUp('result', 'last');
  expect(result.status).toBe(202);
  expect(Number(result.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  sidecar.model.release('wait');
  await eventually(() => isDone('last'));
});
