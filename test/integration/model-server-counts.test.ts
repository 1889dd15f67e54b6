// The sample model server's counters are the evidence of other tests, so they have to be right themselves.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';

let server: ModelServer;
beforeEach(async () => {
  server = await startModelServer();
});
afterEach(() => server.close());

test('it counts how many were inside at once, and holds requests until they are released', async () => {
  const calls = [1, 2, 3].map(() => fetch(`${server.url}/echo?hold=door`));
  await server.when((stats) => stats.inFlight === 3);
  server.release('door');
  await Promise.all(calls.map(async (call) => (await call).text()));
  await server.when((stats) => stats.finished === 3);
  expect(server.stats()).toMatchObject({ inFlight: 0, maxInFlight: 3, total: 3, aborted: [] });
});

test('a client that leaves is an abort with its time and id', async () => {
  const leaving = new AbortController();
  const call = fetch(`${server.url}/hang`, { signal: leaving.signal, headers: { 'X-Inference-Id': 'gone' } });
  await server.when((stats) => stats.inFlight === 1);
  const leftAtMs = Date.now();
  leaving.abort();
  await expect(call).rejects.toThrow();
  const { aborted } = await server.when((stats) => stats.aborted.length === 1);
  expect(aborted[0]).toMatchObject({ id: 'gone', path: '/hang' });
  expect(aborted[0]!.atMs).toBeGreaterThanOrEqual(leftAtMs);
});

test('a connection that the server cuts itself is not the client leaving', async () => {
  await expect(fetch(`${server.url}/reset`)).rejects.toThrow();
  await server.when((stats) => stats.calls.at(-1)?.outcome === 'failed');
  expect(server.stats().aborted).toEqual([]);
});

test('it counts executions by id, and neither health nor control', async () => {
  for (const id of ['a', 'b', 'a'])
    await (await fetch(`${server.url}/echo`, { headers: { 'X-Inference-Id': id } })).text();
  await (await fetch(`${server.url}/health`)).text();
  const stats = JSON.parse(await (await fetch(`${server.url}/control/stats`)).text());
  expect(stats.executions).toEqual({ a: 2, b: 1 });
  expect(stats.total).toBe(3);
});

test('echo shows the headers and the hash of what arrived', async () => {
  const body = Buffer.alloc(200_000, 7);
  const response = await fetch(`${server.url}/echo/deeper?x=1`, { method: 'PUT', body, headers: { 'X-Case': 'Kept' } });
  const seen = JSON.parse(await response.text());
  expect(seen).toMatchObject({ method: 'PUT', path: '/echo/deeper?x=1', bodyBytes: 200_000 });
  const digest = await crypto.subtle.digest('SHA-256', body);
  expect(seen.bodySha256).toBe(Buffer.from(digest).toString('hex'));
});
