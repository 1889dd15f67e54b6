// The sample model server's faults, on demand: each has to happen as its name says, or a test built on it proves nothing.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';

let server: ModelServer;
beforeEach(async () => {
  server = await startModelServer();
});
afterEach(() => server.close());

test('a crash after three tokens cuts the stream there, refuses connections, and a restart serves again', async () => {
  const body = JSON.stringify({ prompt: 'x', max_tokens: 50, stream: true });
  const response = await fetch(`${server.url}/v1/completions?crash-after=3`, { method: 'POST', body });
  let text = '';
  const reading = (async () => {
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) text += piece;
  })();
  await expect(reading).rejects.toThrow();
  expect(text.split('data: ').length - 1).toBe(3);
  await expect(fetch(`${server.url}/health`)).rejects.toThrow();
  await server.restart();
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

test.each([
  ['ok', 200, '{"status":"ok"}'],
  ['busy', 200, '{"status":"busy"}'],
  ['plain', 200, 'all is well'],
  ['no-status', 200, '{"model":"loaded"}'],
  ['503', 503, '503'],
])('health set to %s answers %i %s', async (word, status, body) => {
  server.setHealth(word);
  const response = await fetch(`${server.url}/health`);
  expect([response.status, await response.text()]).toEqual([status, body]);
});

test('while loading, health and work answer 503', async () => {
  server.setLoading(true);
  expect((await fetch(`${server.url}/health`)).status).toBe(503);
  expect((await fetch(`${server.url}/echo`)).status).toBe(503);
  server.setLoading(false);
  expect((await fetch(`${server.url}/echo`)).status).toBe(200);
});

test('it refuses connections while loading if asked to, at the port where it listens later', async () => {
  const slow = await startModelServer({ loadSeconds: 0.3, whileLoading: 'refuse' });
  try {
    await expect(fetch(`${slow.url}/health`)).rejects.toThrow();
    await expect
      .poll(
        () =>
          fetch(`${slow.url}/health`).then(
            (r) => r.status,
            () => 0,
          ),
        { timeout: 10_000 },
      )
      .toBe(200);
  } finally {
    await slow.close();
  }
});

test('an early answer comes although the body never does', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.write('POST /early?status=413 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
  const [first] = await new Promise<[Buffer]>((resolve) => socket.once('data', (data) => resolve([data])));
  expect(first.toString()).toContain('HTTP/1.1 413');
  socket.destroy();
});

test('half an answer breaks in the middle', async () => {
  const response = await fetch(`${server.url}/half`);
  await expect(response.text()).rejects.toThrow();
});

test('a WebSocket gets its messages back and is counted until it closes', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws?close-after=2`);
  const seen: string[] = [];
  socket.on('message', (data) => seen.push(String(data)));
  await new Promise((resolve) => socket.once('open', resolve));
  expect(server.stats().inFlight).toBe(1);
  socket.send('one');
  socket.send('two');
  const code = await new Promise((resolve) => socket.once('close', resolve));
  expect([seen, code]).toEqual([['one', 'two'], 4000]);
  await server.when((stats) => stats.inFlight === 0);
});

test('a Cog container answers 202 to exactly "respond-async"', async () => {
  const cog = await startModelServer({ cog: true });
  try {
    const ask = (prefer: string) =>
      fetch(`${cog.url}/predictions`, { method: 'POST', body: '{}', headers: { Prefer: prefer } });
    const asynchronous = await ask('respond-async');
    expect([asynchronous.status, JSON.parse(await asynchronous.text()).status]).toEqual([202, 'starting']);
    expect((await ask('respond-async, wait=5')).status).toBe(200);
  } finally {
    await cog.close();
  }
});

test('clients that reset their upgrade do not end it', async () => {
  const upgrade = 'GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  for (let i = 0; i < 20; i++) {
    const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
    await once(
      socket.on('data', () => socket.resetAndDestroy()),
      'connect',
    );
    socket.write(upgrade);
    await once(socket, 'close');
  }
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});
