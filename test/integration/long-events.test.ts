// One event of very many bytes in the stream of an async request: recorded in pieces, followed, resumed; nobody else waits for it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { TestRedis } from '../support/redis.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

const MiB = 1024 * 1024;
let sidecar: TestSidecar;
let container: Server;
let redis: TestRedis | undefined;
afterEach(async () => {
  await sidecar.close();
  container.closeAllConnections();
  container.close();
  await redis?.stop();
  redis = undefined;
});

/** A container whose stream is a short event, one of so many bytes, and another short one. */
async function begin(kind: 'redis' | 'sqlite', eventBytes: number, maxBodyBytes: number): Promise<void> {
  container = createServer((request, response) => {
    if (request.url === '/health') return response.end('ok');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: first\n\ndata: ');
    response.write(Buffer.alloc(eventBytes, 'x'));
    response.end('\n\ndata: last\n\n');
  });
  await new Promise<void>((resolve) => container.listen(0, '127.0.0.1', resolve));
  const upstream = `http://127.0.0.1:${(container.address() as AddressInfo).port}`;
  if (kind === 'redis') redis = await TestRedis.start();
  sidecar = await startSidecar({ settings: { upstream, store: redis?.url ?? '', maxBodyBytes } });
}

const id = { 'X-Inference-Id': 'long' };
const submit = () =>
  fetch(`${sidecar.url}/stream`, { method: 'POST', body: '{}', headers: { ...id, Prefer: 'respond-async' } });
const follow = async (more: Record<string, string> = {}) => {
  const headers = { ...id, Accept: 'text/event-stream', ...more };
  return await (await fetch(`${sidecar.url}/result/demo`, { headers })).text();
};

/** The longest that anybody waits for an answer of the admin port while the work is done. */
async function longestSilenceMs(work: Promise<unknown>): Promise<number> {
  let [isOver, longestMs] = [false, 0];
  const ended = work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const fromMs = performance.now();
    await fetch(`${sidecar.adminUrl}/live`);
    longestMs = Math.max(longestMs, performance.now() - fromMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await ended;
  return longestMs;
}

test.each([
  ['redis', 12 * MiB],
  ['sqlite', 24 * MiB],
] as const)(
  'an event of many MiB passes whole, and others are answered meanwhile (%s, %i bytes)',
  async (kind, size) => {
    await begin(kind, size, 64 * MiB);
    await submit();
    let text = '';
    const following = follow().then((followed) => {
      text = followed;
    });
    expect(await longestSilenceMs(following)).toBeLessThan(2_000);
    const [first, long, last, rest] = text.replaceAll(': still\n\n', '').split('\n\n');
    expect([first, last, rest]).toEqual(['data: first\nid: 2', expect.stringMatching(/^data: last\nid: \d+$/), '']);
    expect(long?.length).toBe('data: '.length + size + `\n${long?.slice(-20).split('\n').at(-1)}`.length);
    // Who has the first event goes on with the whole of the long one, who has that with the one behind it.
    expect((await follow({ 'Last-Event-ID': '2' })).length).toBe(text.length - `${first}\n\n`.length);
    const after = /id: (\d+)$/.exec(long ?? '')?.[1] ?? '';
    expect(await follow({ 'Last-Event-ID': after })).toBe(`${last}\n\n`);
  },
  120_000,
);

test('an event that makes the response larger than may be stored fails with the reason', async () => {
  await begin('sqlite', 3 * MiB, 2 * MiB);
  await submit();
  // In the middle of the event the connection ends: what came is not the whole.
  await expect(follow()).rejects.toThrow();
  const result = await fetch(`${sidecar.url}/result/demo`, { headers: id });
  expect([result.status, await result.json()]).toEqual([502, expect.objectContaining({ code: 'upstream_too_large' })]);
}, 60_000);
