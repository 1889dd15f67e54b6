// What tenants can write is read up to a length and for a time: figures of pods that run any program, events about pods, and
// messages that end up in status.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Event } from '../../operator/api/kubernetes.ts';
import { resources } from '../../operator/api/resources.ts';
import { KubernetesClient } from '../../operator/cluster/client.ts';
import { StatsBoard } from '../../operator/stats/stats-board.ts';
import { statusOf } from '../../operator/status/status.ts';
import { systemClock } from '../../runtime/clock.ts';
import { ended, pod, stats } from '../support/pods.ts';
import { inputOf } from '../support/status-rows.ts';

let folder: string;
let server: Server;
let dispatcher: Agent;
let answer: RequestListener;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'others-'));
  const socketPath = join(folder, 'socket');
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  dispatcher = new Agent({ connect: { socketPath } });
});
afterEach(async () => {
  await dispatcher.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** Asks one pod; resolves with what is known of it then. */
async function figures(): Promise<unknown> {
  const rest = { pods: () => [], changed: () => {}, failed: () => {} };
  const board = new StatsBoard({ clock: systemClock, dispatcher, periodMs: 1_000, ...rest });
  await board.refresh([pod()]);
  return board.of([pod()]).get('uid-of-llama-1');
}

/** Writes as fast as it is read, up to 256 MiB; resolves with the bytes that went out when the other side hung up. */
function endless(first: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const chunk = Buffer.alloc(64 * 1024, 'x');
  answer = (_request, response) => {
    let sent = 0;
    response.on('close', () => resolve(sent));
    response.writeHead(200).write(first);
    const more = () => {
      while (!response.destroyed && sent < 256 << 20) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  };
  return promise;
}

test('figures without an end are read up to 64 KiB, then the connection is closed', async () => {
  const sent = endless('{"name": "');
  expect(await figures()).toBeUndefined();
  // The rest lay in the buffers of the sockets.
  expect(await sent).toBeLessThan(8 << 20);
});

test('figures that drip are given two seconds for all of them', async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  answer = (_request, response) => {
    response.writeHead(200).write('{');
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => {
      clearInterval(timer);
      resolve();
    });
  };
  expect(await figures()).toBeUndefined();
  await closed;
});

test.each([
  ['no JSON', 'ok'],
  ['a list', '[]'],
  ['nothing', 'null'],
  ['no store', JSON.stringify({ ...stats(), store: undefined })],
  ['a store of no kind', JSON.stringify({ ...stats(), store: { kind: 'x', ok: true, error: null } })],
  ['a text as a figure', JSON.stringify({ ...stats(), inFlight: 'many' })],
  ['a figure that no integer holds', JSON.stringify({ ...stats(), waiting: 1e300 })],
  ['fewer than none', JSON.stringify({ ...stats(), queue: { queued: -1, running: 0, oldestQueuedSeconds: 0 } })],
  ['an object as words', JSON.stringify({ ...stats(), containerAnswer: { toString: 1 } })],
])('figures that are %s are none', async (_, text) => {
  answer = (_request, response) => response.end(text);
  expect(await figures()).toBeUndefined();
});

test('what stands beside the figures is not kept, and words are cut', async () => {
  answer = (_request, response) =>
    response.end(JSON.stringify({ ...stats({ containerAnswer: 'x'.repeat(60_000) }), more: 'y' }));
  expect(await figures()).toEqual(stats({ containerAnswer: 'x'.repeat(1024) }));
});

test('events of a namespace are read a hundred at most, and not at all where they are huge', async () => {
  const connection = { server: new URL('http://api'), dispatcher, headers: async () => ({}), close: async () => {} };
  const list = () =>
    new KubernetesClient(connection).list<Event>({ resource: resources.events, namespace: 'models' }, undefined, {
      items: 100,
      bytes: 1 << 20,
    });
  const asked: string[] = [];
  answer = ({ url = '' }, response) => {
    asked.push(url);
    response.end(JSON.stringify({ metadata: { continue: 'more' }, items: [{ reason: 'FailedMount' }] }));
  };
  expect((await list()).items).toHaveLength(1);
  expect(asked).toEqual([expect.stringContaining('limit=100')]);
  const sent = endless('{"items": ["');
  await expect(list()).rejects.toThrow('the answer is longer than 1048576 bytes');
  expect(await sent).toBeLessThan(8 << 20);
});

test('a message of status is cut before the definition would refuse the whole status', () => {
  const words = 'w'.repeat(40_000);
  const input = inputOf({
    pods: [{ model: ended(1, words), restarts: 3 }],
    phase: 'Unhealthy',
    conditions: [],
  });
  for (const { message } of statusOf(input).conditions ?? []) expect(message.length).toBeLessThanOrEqual(4096);
});
