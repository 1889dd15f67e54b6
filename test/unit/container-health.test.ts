// When silence of a container counts, on a clock moved by hand before a server that accepts and never answers.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ContainerHealth } from '../../sidecar/upstream/health.ts';
import { ManualClock } from '../support/manual-clock.ts';

let server: Server;
let answer: string | undefined;
beforeEach(async () => {
  answer = undefined;
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (answer !== undefined) socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => server.close());

function healthBefore(isWorking: () => boolean) {
  const clock = new ManualClock();
  const changes: string[] = [];
  let changed: (() => void) | undefined;
  const { port } = server.address() as AddressInfo;
  const health = new ContainerHealth(
    { url: `http://127.0.0.1:${port}/health`, periodMs: 5_000, timeoutMs: 3_000, failureThreshold: 3 },
    {
      clock,
      logger: pino({ level: 'silent' }),
      isWorking,
      changed: (state) => {
        changes.push(state);
        changed?.();
      },
    },
  );
  const change = () => new Promise<void>((resolve) => (changed = resolve));
  return { clock, changes, health, change };
}

/** It was healthy once; from now on it is silent. */
async function thenSilent(isWorking: () => boolean) {
  answer = 'ok';
  const subject = healthBefore(isWorking);
  const healthy = subject.change();
  subject.health.start();
  await healthy;
  answer = undefined;
  return subject;
}

test('silence makes it unreachable at the threshold, not before', async () => {
  const { clock, changes, health } = await thenSilent(() => false);
  clock.advance(5_000 + 3_000);
  clock.advance(500 + 3_000);
  expect(changes).toEqual(['healthy']);
  clock.advance(500 + 3_000);
  expect(changes).toEqual(['healthy', 'unreachable']);
  health.stop();
});

test('silence while a request is inside is computing, not death', async () => {
  let isWorking = true;
  const { clock, changes, health } = await thenSilent(() => isWorking);
  for (let i = 0; i < 20; i++) clock.advance(8_000);
  expect(changes).toEqual(['healthy']);
  isWorking = false;
  for (let i = 0; i < 3; i++) clock.advance(8_000);
  expect(changes).toEqual(['healthy', 'unreachable']);
  health.stop();
});

test('a container that has never answered is starting, however long it takes', async () => {
  const { clock, changes, health } = healthBefore(() => false);
  health.start();
  for (let i = 0; i < 50; i++) clock.advance(8_000);
  expect([changes, health.state, await health.isUp()]).toEqual([[], 'starting', false]);
  health.stop();
});

test('one that was gone and is not healthy yet starts again, until it is', async () => {
  const { clock, changes, health, change } = await thenSilent(() => false);
  health.reportRefused('ECONNREFUSED');
  answer = '{"status":"LOADING"}';
  const starting = change();
  clock.advance(500);
  await starting;
  answer = 'ok';
  const healthy = change();
  clock.advance(500);
  await healthy;
  answer = '{"status":"LOADING"}';
  const unhealthy = change();
  clock.advance(5_000);
  await unhealthy;
  expect(changes).toEqual(['healthy', 'unreachable', 'starting', 'healthy', 'unhealthy']);
  health.stop();
});

test('one that begins to start and falls silent again is unreachable', async () => {
  const { clock, changes, health, change } = await thenSilent(() => false);
  health.reportRefused('ECONNREFUSED');
  answer = '{"status":"LOADING"}';
  const starting = change();
  clock.advance(500);
  await starting;
  answer = undefined;
  for (let i = 0; i < 3; i++) clock.advance(500 + 3_000);
  expect(changes).toEqual(['healthy', 'unreachable', 'starting', 'unreachable']);
  health.stop();
});

test('a refused request is believed at once', async () => {
  const { changes, health } = await thenSilent(() => true);
  health.reportRefused('ECONNREFUSED');
  expect([changes, health.state]).toEqual([['healthy', 'unreachable'], 'unreachable']);
  health.stop();
});

test('a container that was busy with a request is asked as soon as that has left, not at the next probe', async () => {
  answer = '{"status":"BUSY"}';
  const { changes, health, change } = healthBefore(() => true);
  const busy = change();
  health.start();
  await busy;
  answer = '{"status":"READY"}';
  const healthy = change();
  health.requestLeft();
  await healthy;
  expect(changes).toEqual(['busy', 'healthy']);
  health.stop();
});

test('whether it is up is asked anew: one that has just died was healthy at the last probe', async () => {
  const { health } = await thenSilent(() => false);
  answer = 'ok';
  expect(await health.isUp()).toBe(true);
  server.close();
  expect([health.state, await health.isUp()]).toEqual(['healthy', false]);
  health.stop();
});
