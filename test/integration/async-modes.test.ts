// The three async modes as a client sees them: the 202, the status as it walks, the result as the sync answer would be.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(() => sidecar.close());

const submit = (path: string, prefer: string, init: RequestInit = {}) =>
  fetch(`${sidecar.url}${path}`, { method: 'POST', body: 'x', ...init, headers: { Prefer: prefer, ...init.headers } });
const lookUp = (kind: 'status' | 'result', id: string, init: RequestInit = {}) =>
  fetch(`${sidecar.url}/${kind}/demo`, { ...init, headers: { 'X-Inference-Id': id, ...init.headers } });
const statusOf = async (id: string) =>
  (await (await lookUp('status', id)).json()) as { Status: string; Error: string | null };
const completed = (id: string) => eventually(async () => (await statusOf(id)).Status === 'Completed');

test('respond-async: 202 with exactly three keys, and the headers that say where to look', async () => {
  const response = await submit('/demo/echo', 'respond-async');
  const id = response.headers.get('x-inference-id')!;
  expect(response.status).toBe(202);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('location')).toBe('/result/demo');
  expect(response.headers.get('preference-applied')).toBe('respond-async');
  expect(await response.json()).toEqual({ Id: id, StatusPath: '/status/demo', ResultPath: '/result/demo' });
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  await completed(id);
});

test('the status walks Queue, Inference, Completed', async () => {
  const inside = fetch(`${sidecar.url}/echo?hold=sync`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const id = (await submit('/echo?hold=async', 'respond-async')).headers.get('x-inference-id')!;
  expect(await statusOf(id)).toMatchObject({ Id: id, Status: 'Queue', Error: null, QueuePosition: 0, Attempts: 0 });
  const early = await lookUp('result', id);
  expect([early.status, Number(early.headers.get('retry-after')) >= 1]).toEqual([202, true]);
  sidecar.model.release('sync');
  await inside;
  await eventually(async () => (await statusOf(id)).Status === 'Inference');
  sidecar.model.release('async');
  await completed(id);
  expect(await statusOf(id)).toMatchObject({ Status: 'Completed', Error: null, QueuePosition: null, Attempts: 1 });
});

test.each([
  ['JSON', '/v1/completions', JSON.stringify({ prompt: 'once', max_tokens: 20 })],
  ['an image', '/image?prompt=cat&width=32&height=32', 'x'],
  ['an error 422 of the container', '/fail?status=422', 'x'],
  ['an empty 204', '/fail?status=204', 'x'],
])('the result is the sync answer, byte for byte: %s', async (_, path, body) => {
  const sync = await fetch(`${sidecar.url}${path}`, { method: 'POST', body });
  const id = (await submit(path, 'respond-async', { body })).headers.get('x-inference-id')!;
  await completed(id);
  expect((await statusOf(id)).Error).toBeNull();
  const result = await lookUp('result', id);
  expect(result.status).toBe(sync.status);
  expect(result.headers.get('content-type')).toBe(sync.headers.get('content-type'));
  expect(result.headers.get('cache-control')).toBe('no-store');
  expect(Buffer.from(await result.arrayBuffer())).toEqual(Buffer.from(await sync.arrayBuffer()));
  const head = await lookUp('result', id, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([sync.status, '']);
});

test('a stored request reaches the container without Prefer and Accept-Encoding, and with its id', async () => {
  const headers = { 'X-Inference-Id': 'chosen.by-me_1', 'Accept-Encoding': 'br', 'X-Mine': 'kept' };
  await submit('/echo', 'respond-async, handling=lenient', { headers });
  await completed('chosen.by-me_1');
  const seen = (await (await lookUp('result', 'chosen.by-me_1')).json()) as { headers: [string, string][] };
  const lines = Object.fromEntries(seen.headers.map(([name, value]) => [name.toLowerCase(), value]));
  expect(lines).toMatchObject({ prefer: 'handling=lenient', 'x-inference-id': 'chosen.by-me_1', 'x-mine': 'kept' });
  expect(lines['accept-encoding']).toBeUndefined();
});

test('respond-async-proxy: an empty 202 at once, exactly Prefer: respond-async for the container, nothing kept', async () => {
  const response = await submit('/echo/proxied', 'respond-async-proxy');
  expect([response.status, await response.text()]).toEqual([202, '']);
  const id = response.headers.get('x-inference-id')!;
  const { calls } = await sidecar.model.when((stats) => stats.calls.some(({ path }) => path === '/echo/proxied'));
  expect(calls.find(({ path }) => path === '/echo/proxied')).toMatchObject({ prefer: 'respond-async', id });
  const lookUp = (kind: string) =>
    fetch(`${sidecar.url}/${kind}/demo`, { headers: { 'X-Inference-Id': id, Prefer: 'wait=20' } });
  expect(await (await lookUp('status')).json()).toMatchObject({ Status: 'Completed', Error: null });
  const result = await lookUp('result');
  expect([result.status, await result.json()]).toEqual([404, expect.objectContaining({ code: 'inference_not_found' })]);
});

test('respond-async-container: the container’s own answer, and exactly Prefer: respond-async for it', async () => {
  const response = await submit('/predictions', 'Respond-Async-Container, wait=3', { body: '{"input":{}}' });
  expect(response.status).toBe(202);
  expect(await response.json()).toMatchObject({ status: 'starting' });
});

test('any other preference travels to the container with a sync request', async () => {
  const response = await submit('/echo', 'handling=lenient; x="y"');
  const { headers } = (await response.json()) as { headers: [string, string][] };
  expect(headers.find(([name]) => name.toLowerCase() === 'prefer')?.[1]).toBe('handling=lenient; x="y"');
});

test('wait=N gives the finished response if it is there in time, else the 202', async () => {
  const quick = await submit('/echo', 'respond-async, wait=30');
  expect([quick.status, quick.headers.get('preference-applied')]).toEqual([200, 'respond-async, wait=30']);
  const slow = await submit('/echo?hold=wait', 'respond-async, wait=1');
  expect(slow.status).toBe(202);
  const id = slow.headers.get('x-inference-id')!;
  const waiting = lookUp('result', id, { headers: { Prefer: 'wait=60' } });
  sidecar.model.release('wait');
  expect((await waiting).status).toBe(200);
});
