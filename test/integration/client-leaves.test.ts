// A client that leaves: the container's work stops at once, and the slot or the place in line is free.
import { afterEach, expect, test } from 'vitest';
import { createQueueService } from '../../sidecar/queue/create-queue.ts';
import { seriesValue } from '../support/metrics-text.ts';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
afterEach(() => sidecar.close());

const generate = (options: { readonly signal: AbortSignal; readonly query?: string; readonly stream?: boolean }) =>
  fetch(`${sidecar.url}/v1/completions?${options.query ?? ''}`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'x', max_tokens: 1_000, stream: options.stream ?? true }),
    signal: options.signal,
  });

test('in the middle of a stream: the container sees its connection close within 100 ms', async () => {
  sidecar = await startSidecar();
  const tookMs: number[] = [];
  // The quickest of at least five: client, sidecar and container share this process, which another program may hold up for a while.
  for (let left = 1; left <= 5 || (left <= 30 && Math.min(...tookMs) >= 100); left++) {
    const leaving = new AbortController();
    const response = await generate({ signal: leaving.signal, query: 'token-ms=20' });
    await response.body!.getReader().read();
    const leftAtMs = Date.now();
    leaving.abort();
    const { aborted } = await sidecar.model.when((stats) => stats.aborted.length === left);
    tookMs.push(aborted[left - 1]!.atMs - leftAtMs);
    await sidecar.until(({ inFlight }) => inFlight === 0);
  }
  expect(Math.min(...tookMs)).toBeLessThan(100);
});

test('before the container has answered: its connection closes and the next in line comes in', async () => {
  sidecar = await startSidecar();
  const leaving = new AbortController();
  const first = generate({ signal: leaving.signal, query: 'hold=door', stream: false });
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const second = fetch(`${sidecar.url}/echo/second`);
  await sidecar.until(({ waiting }) => waiting === 1);
  leaving.abort();
  await expect(first).rejects.toThrow();
  expect((await second).status).toBe(200);
  expect(sidecar.model.stats().aborted).toHaveLength(1);
});

test('while it waits in line: the container never sees the request', async () => {
  sidecar = await startSidecar();
  const inside = fetch(`${sidecar.url}/echo/inside?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const leaving = new AbortController();
  const waiting = generate({ signal: leaving.signal });
  await sidecar.until((stats) => stats.waiting === 1);
  leaving.abort();
  await expect(waiting).rejects.toThrow();
  await sidecar.until((stats) => stats.waiting === 0);
  sidecar.model.release('door');
  expect((await inside).status).toBe(200);
  await sidecar.until((stats) => stats.inFlight === 0);
  expect(sidecar.model.stats().total).toBe(1);
});

test('the log says that it left, and metrics count it as 499', async () => {
  sidecar = await startSidecar();
  const leaving = new AbortController();
  const response = generate({ signal: leaving.signal, query: 'hold=door', stream: false });
  await sidecar.model.when((stats) => stats.inFlight === 1);
  leaving.abort();
  await expect(response).rejects.toThrow();
  await sidecar.until(({ inFlight }) => inFlight === 0);
  expect(sidecar.log.find(({ left }) => left)).toMatchObject({ msg: 'request', status: 499, mode: 'sync' });
  const metrics = await (await fetch(`${sidecar.adminUrl}/metrics`)).text();
  expect(seriesValue(metrics, 'inference_requests_total', { mode: 'sync', code: '499' })).toBe(1);
});

test('clients whose bodies of 100 kB wait with them leave: their places are free, and a newcomer waits', async () => {
  sidecar = await startSidecar({ settings: { maxQueue: 50 } });
  const inside = fetch(`${sidecar.url}/echo/inside?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const leaving = await Promise.all(Array.from({ length: 50 }, () => RawConnection.open(sidecar.port)));
  for (const connection of leaving) {
    connection.send('POST /echo HTTP/1.1', 'Host: a', 'Content-Length: 100000', '', 'x'.repeat(100_000));
  }
  await sidecar.until(({ waiting }) => waiting === 50);
  for (const connection of leaving) connection.socket.destroy();
  await sidecar.until(({ waiting }) => waiting === 0);
  const newcomer = fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'x' });
  sidecar.model.release('door');
  expect([(await inside).status, (await newcomer).status]).toEqual([200, 200]);
});

test.each(['POST /echo?hold=door', 'GET /result/demo', 'GET /status/demo'])(
  'a long poll ends with its client: %s',
  async (line) => {
    let waits = 0;
    const ended: string[] = [];
    sidecar = await startSidecar({
      queueService: (around) => {
        const service = createQueueService(around);
        const { queue } = service;
        const waitUntilDone = queue.waitUntilDone.bind(queue);
        queue.waitUntilDone = async (...args) => {
          waits++;
          return await waitUntilDone(...args).finally(() => ended.push(line));
        };
        return service;
      },
    });
    const id = { 'X-Inference-Id': 'one' };
    await fetch(`${sidecar.url}/echo?hold=door`, { method: 'POST', headers: { ...id, Prefer: 'respond-async' } });
    const connection = await RawConnection.open(sidecar.port);
    connection.send(
      `${line} HTTP/1.1`,
      'Host: a',
      'X-Inference-Id: one',
      'Prefer: respond-async, wait=300',
      'Content-Length: 0',
      '',
      '',
    );
    await expect.poll(() => waits).toBe(1);
    connection.socket.destroy();
    await expect.poll(() => ended, { timeout: 20_000 }).toEqual([line]);
  },
);
