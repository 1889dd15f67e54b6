// The figures of sidecars, asked of real servers: whose changed is told, what is idle or silent costs nothing, what is gone is forgotten.
// Every address leads to one socket, which answers by the host it was asked as.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '../../operator/api/kubernetes.ts';
import { StatsBoard } from '../../operator/stats/stats-board.ts';
import type { SidecarStats } from '../../sidecar/contract.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { pod, stats, waiting } from '../support/pods.ts';

let folder: string;
let server: Server;
let dispatcher: Agent;
let stopping: AbortController;
let clock: ManualClock;
let pods: Pod[];
let told: string[];
let failures: number;
let asked: string[];
/** By host; what is not here is answered 404. */
let answers: Map<string, SidecarStats>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stats-'));
  server = createServer(({ headers, url }, response) => {
    asked.push(`${headers.host}${url}`);
    const figures = answers.get(headers.host ?? '');
    response.writeHead(figures === undefined ? 404 : 200).end(JSON.stringify(figures ?? {}));
  });
  const socketPath = join(folder, 'socket');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  dispatcher = new Agent({ connect: { socketPath } });
  stopping = new AbortController();
  clock = new ManualClock();
  [pods, told, failures, asked, answers] = [[pod()], [], 0, [], new Map([['10.0.0.1:9090', stats()]])];
});
afterEach(async () => {
  stopping.abort();
  await dispatcher.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the board up to the end of its first round; `next` lets one more pass. */
async function start(): Promise<{ readonly board: StatsBoard; readonly next: () => Promise<void> }> {
  const board = new StatsBoard({
    clock,
    dispatcher,
    periodMs: 5_000,
    pods: () => pods,
    changed: (key) => told.push(key),
    failed: () => failures++,
  });
  void board.run(stopping.signal);
  const isPausing = () => eventually(() => clock.timers === 1, { everyMs: 1 });
  await isPausing();
  const next = async () => {
    clock.advance(5_000);
    await isPausing();
  };
  return { board, next };
}

test('figures are read each period, and only a change is told', async () => {
  const { board, next } = await start();
  expect(board.of(pods).get('uid-of-llama-1')).toEqual(stats());
  await next();
  expect([asked.length, told]).toEqual([2, ['models/llama']]);
  answers.set('10.0.0.1:9090', stats({ inFlight: 1 }));
  await next();
  expect([asked.length, told.length]).toEqual([3, 2]);
  expect(board.of(pods).get('uid-of-llama-1')?.inFlight).toBe(1);
});

test('an age that grows by itself is told in steps of half a minute', async () => {
  const old = (oldestQueuedSeconds: number) => stats({ queue: { queued: 1, running: 0, oldestQueuedSeconds } });
  answers.set('10.0.0.1:9090', old(1));
  const { next } = await start();
  for (const [age, times] of [
    [6, 1],
    [29, 1],
    [31, 2],
    [36, 2],
  ] as const) {
    answers.set('10.0.0.1:9090', old(age));
    await next();
    expect([age, told.length]).toEqual([age, times]);
  }
});

test('one that does not answer is counted, told once, and its figures are forgotten', async () => {
  const { board, next } = await start();
  answers.clear();
  await next();
  await next();
  expect([failures, told.length]).toEqual([2, 2]);
  expect([...board.of(pods)]).toEqual([]);
});

test('the figures of pods that are gone are forgotten', async () => {
  const { board, next } = await start();
  const before = pods;
  pods = [];
  await next();
  expect([...board.of(before)]).toEqual([]);
});

test('only pods with an address whose sidecar runs are asked, by IPv6 too', async () => {
  const [unplaced, sixth] = [pod({ name: 'llama-2', node: null }), pod({ name: 'llama-6' })];
  const young = pod({ name: 'llama-3', sidecar: waiting('PodInitializing') });
  pods = [unplaced, young, { ...sixth, status: { ...sixth.status, podIP: 'fd00::6' } }];
  answers.set('[fd00::6]:9090', stats({ inFlight: 6 }));
  const { board } = await start();
  expect(asked).toEqual(['[fd00::6]:9090/stats']);
  expect([...board.of(pods).values()].map(({ inFlight }) => inFlight)).toEqual([6]);
});

test('a decision gets figures of this moment, not of the last round', async () => {
  const { board } = await start();
  answers.set('10.0.0.1:9090', stats({ inFlight: 3 }));
  await board.refresh(pods);
  expect(board.of(pods).get('uid-of-llama-1')?.inFlight).toBe(3);
});
