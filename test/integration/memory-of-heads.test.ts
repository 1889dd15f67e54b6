// At the chart's memory limit no number of heads ends the sidecar: unfinished, sent ahead, or of requests that wait.
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';
import { eventually } from '../support/eventually.ts';
import { CHART_LIMIT_BYTES, type LimitedSidecar, startLimitedSidecar } from '../support/limited-sidecar.ts';

let model: ModelServer;
let sidecar: LimitedSidecar;
const open: Socket[] = [];
beforeEach(async () => {
  model = await startModelServer();
  sidecar = await startLimitedSidecar({ upstream: model.url, concurrency: 4 });
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await model.close();
  await sidecar.stop();
});

/** So many connections that send these bytes and read nothing. */
async function attack(connections: number, bytes: Buffer): Promise<void> {
  const { port, hostname: host } = new URL(sidecar.url);
  const sent = Array.from({ length: connections }, () => {
    const socket = connect({ host, port: Number(port) }).pause();
    open.push(socket);
    return new Promise<void>((resolve) => {
      socket.once('error', () => resolve()).write(bytes, () => resolve());
    });
  });
  await Promise.all(sent);
}

const answered = async (): Promise<number> =>
  (await fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'x' })).status;

/** A client that means well gets through within some tries, and the process has never had more memory than it may. */
async function servesOthers(): Promise<void> {
  await eventually(async () => (await answered()) === 200);
  expect(sidecar.process.exitCode).toBeNull();
  expect(sidecar.peakBytes()).toBeLessThan(CHART_LIMIT_BYTES);
}

/** 31 KiB in lines of `line`. */
const head = (begin: string, line: string): string =>
  begin + line.repeat(Math.floor((31 * 1024 - begin.length) / line.length));

test('9,900 unfinished heads of 31 KiB, in 190 lines or in as many as fit', async () => {
  const begin = 'GET / HTTP/1.1\r\nHost: a\r\n';
  await attack(5_900, Buffer.from(head(begin, `X: ${'x'.repeat(160)}\r\n`)));
  await attack(4_000, Buffer.from(head(begin, 'a:b\r\n')));
  await servesOthers();
  expect(await sidecar.figure('inference_memory_refused_total')).toBeGreaterThan(0);
}, 180_000);

test('550 clients with 16 pipelined heads of 31 KiB', async () => {
  const one = `${head('GET /echo?hold=door HTTP/1.1\r\nHost: a\r\n', `X: ${'x'.repeat(160)}\r\n`)}\r\n`;
  await attack(550, Buffer.from(one.repeat(16)));
  model.release('door');
  await servesOthers();
}, 180_000);

test('3,000 long polls whose clients send 16 more heads of 31 KiB', async () => {
  const submit = { method: 'POST', headers: { Prefer: 'respond-async' }, body: 'x' };
  const accepted = await fetch(`${sidecar.url}/echo?hold=door`, submit);
  const { Id } = (await accepted.json()) as { Id: string };
  const poll = `GET /status/demo HTTP/1.1\r\nHost: a\r\nX-Inference-Id: ${Id}\r\nPrefer: wait=60\r\n`;
  await attack(3_000, Buffer.from(`${head(poll, `X: ${'x'.repeat(160)}\r\n`)}\r\n`.repeat(16)));
  await servesOthers();
  model.release('door');
}, 180_000);

test('as many tiny requests as one packet holds, on each of 1,000 connections', async () => {
  await attack(1_000, Buffer.from('GET /echo?hold=door HTTP/1.1\r\nHost:a\r\n\r\n'.repeat(1_600)));
  model.release('door');
  await servesOthers();
}, 180_000);
