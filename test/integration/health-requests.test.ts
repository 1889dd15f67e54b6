// Who asks for the container's health: never more than one request inside the container for all of them, and no slot.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
let container: Server;
let asked: string[] = [];
let isHeld = false;
let answerHeld: (() => void)[] = [];
beforeEach(async () => {
  [asked, isHeld, answerHeld] = [[], false, []];
  container = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['x-client'] ?? ''}`);
    const answer = () => response.writeHead(200, { 'x-model': 'm', 'content-type': 'text/plain' }).end('fine');
    if (isHeld) answerHeld.push(answer);
    else answer();
  });
  await new Promise<void>((resolve) => container.listen(0, '127.0.0.1', resolve));
  const upstream = `http://127.0.0.1:${(container.address() as AddressInfo).port}`;
  sidecar = await startSidecar({ settings: { upstream, healthPeriodSeconds: 3600, healthTimeoutSeconds: 60 } });
  asked = [];
});
afterEach(async () => {
  await sidecar.close();
  container.closeAllConnections();
  container.close();
});

/** Node's fetch sends no body with GET: what came with the request is the header field here. */
const ask = (i: number) =>
  fetch(`${sidecar.url}/health?${i}`, { method: i % 2 ? 'HEAD' : 'GET', headers: { 'X-Client': String(i) } });

test('of 400 who ask at once one request is inside the container, and its answer is for all', async () => {
  isHeld = true;
  const first = ask(0);
  await expect.poll(() => asked.length).toBe(1);
  const others = Array.from({ length: 399 }, (_, i) => ask(i + 1));
  const connections = async () =>
    Number(
      /^inference_client_connections(?:\{[^}]*\})? (\d+)$/m.exec(
        await (await fetch(`${sidecar.adminUrl}/metrics`)).text(),
      )?.[1],
    );
  await expect.poll(connections, { timeout: 20_000 }).toBe(400);
  // Each has been read when a later one has been answered.
  expect((await fetch(`${sidecar.url}/status/demo`)).status).toBe(400);
  expect(asked).toEqual(['GET /health ']);
  expect((await sidecar.stats()).inFlight).toBe(0);
  isHeld = false;
  for (const answer of answerHeld) answer();
  for (const [i, response] of (await Promise.all([first, ...others])).entries()) {
    expect([response.status, response.headers.get('x-model'), response.headers.get('content-length')]).toEqual([
      200,
      'm',
      '4',
    ]);
    expect(await response.text()).toBe(i % 2 ? '' : 'fine');
  }
  // One more for who came while the answer was on its way.
  expect(asked.length).toBeLessThanOrEqual(2);
});

test('who asks later is answered anew', async () => {
  for (const i of [0, 2]) expect(await (await ask(i)).text()).toBe('fine');
  expect(asked).toEqual(['GET /health ', 'GET /health ']);
});

test('a client that leaves while it waits costs the others nothing', async () => {
  isHeld = true;
  const leaving = new AbortController();
  const left = fetch(`${sidecar.url}/health`, { signal: leaving.signal });
  await expect.poll(() => asked.length).toBe(1);
  const staying = ask(0);
  leaving.abort();
  await expect(left).rejects.toThrow();
  for (const answer of answerHeld) answer();
  isHeld = false;
  expect((await staying).status).toBe(200);
});

test('a container that is gone: 502 to all who ask', async () => {
  container.closeAllConnections();
  await new Promise((resolve) => container.close(resolve));
  for (const response of await Promise.all([ask(0), ask(2)])) {
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      502,
      'upstream_unreachable',
    ]);
  }
});
