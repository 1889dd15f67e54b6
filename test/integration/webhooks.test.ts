// Completion is pushed to webhooks: signed, retried, only where it may go, and not lost by a restart.
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { echo, startReplica, stopReplicas } from '../support/queue-replica.ts';
import { TestRedis } from '../support/redis.ts';
import { submission } from '../support/stores.ts';

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let redis: TestRedis;
let receiver: Server;
let heard: Heard[] = [];
let answers: number[] = [];
let webhook = '';
let secretsDir = '';

beforeAll(async () => {
  redis = await TestRedis.start();
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      heard.push({ headers: request.headers, body });
      response.writeHead(answers.shift() ?? 204, { location: webhook }).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  webhook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  secretsDir = mkdtempSync(join(tmpdir(), 'secrets-'));
  writeFileSync(join(secretsDir, 'old'), `whsec_${Buffer.from('old key').toString('base64')}`);
  writeFileSync(join(secretsDir, 'new'), 'plain text key\n');
});
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  rmSync(secretsDir, { recursive: true, force: true });
  await redis.stop();
});
beforeEach(() => {
  heard = [];
  answers = [];
});
afterEach(stopReplicas);

const settings = (hosts = '127.0.0.1') => ({
  SIDECAR_WEBHOOK_ALLOWED_HOSTS: hosts,
  SIDECAR_WEBHOOK_SECRETS_DIR: secretsDir,
});

it.each(['redis', 'sqlite'])('a completion is posted once, signed by every secret (%s)', async (kind) => {
  const outcomes: string[] = [];
  const { queue } = await startReplica({
    call: echo,
    store: kind === 'redis' ? redis.url : '',
    settings: settings(),
    observer: { webhook: (outcome) => outcomes.push(outcome) },
  });
  const request = submission({ webhook });
  await queue.submit(request);
  await eventually(() => outcomes.length > 0);
  expect(outcomes).toEqual(['delivered']);
  expect(heard).toHaveLength(1);
  const [{ headers, body }] = heard as [Heard];
  expect(JSON.parse(body)).toMatchObject({
    type: 'inference.completed',
    data: { Id: request.id, Status: 'Completed', Error: null, Attempts: 1 },
  });
  expect(headers['webhook-id']).toBe(request.id);
  const signed = `${request.id}.${headers['webhook-timestamp']}.${body}`;
  const wanted = ['plain text key', 'old key'].map(
    (key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
  );
  expect(String(headers['webhook-signature']).split(' ').sort()).toEqual(wanted.sort());
  expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
});

it('is tried again until the receiver takes it; a redirect is not followed', async () => {
  answers = [500, 302, 200];
  const outcomes: string[] = [];
  const { queue } = await startReplica({
    call: echo,
    settings: settings(),
    observer: { webhook: (outcome) => outcomes.push(outcome) },
  });
  await queue.submit(submission({ webhook }));
  await eventually(() => outcomes.includes('delivered'));
  expect(outcomes).toEqual(['retried', 'retried', 'delivered']);
  expect(new Set(heard.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
});

it.each([
  ['the receiver says 410', [410], 1],
  ['its tries are used up', [500, 500, 500, 500, 500], 4],
])('is given up when %s', async (_, codes, times) => {
  answers = codes;
  const outcomes: string[] = [];
  const { queue } = await startReplica({
    call: echo,
    settings: settings(),
    observer: { webhook: (outcome) => outcomes.push(outcome) },
  });
  await queue.submit(submission({ webhook }));
  await eventually(() => outcomes.includes('given_up'));
  expect(heard).toHaveLength(times);
});

it('goes to no host that is not listed, also when the list was changed after it was accepted', async () => {
  const outcomes: string[] = [];
  const { queue } = await startReplica({
    call: echo,
    settings: settings('example.com'),
    observer: { webhook: (outcome) => outcomes.push(outcome) },
  });
  await queue.submit(submission({ webhook }));
  await eventually(() => outcomes.length > 0);
  expect(outcomes).toEqual(['refused']);
  expect(heard).toEqual([]);
});

it('is still delivered when the replica stopped before it could', async () => {
  const name = 'restarted';
  answers = [500];
  const first = await startReplica({
    call: echo,
    store: redis.url,
    name,
    settings: settings(),
    times: { webhookRetryDelaysMs: [300, 300] },
  });
  const request = submission({ webhook });
  await first.queue.submit(request);
  await eventually(() => heard.length === 1);
  await stopReplicas();
  await startReplica({ call: echo, store: redis.url, name, settings: settings() });
  await eventually(() => heard.length === 2, { deadlineMs: 30_000 });
  expect(heard[1]?.headers['webhook-id']).toBe(request.id);
});

it.each(['redis', 'sqlite'])('a receiver that never answers delays no notice but its own (%s)', async (kind) => {
  const held: ServerResponse[] = [];
  const slow = createServer((_, response) => held.push(response));
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const slowHook = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/hook`;
  const { queue } = await startReplica({
    call: echo,
    store: kind === 'redis' ? redis.url : '',
    settings: settings(),
  });
  for (let i = 0; i < 300; i++) await queue.submit(submission({ webhook: slowHook }));
  await eventually(() => held.length >= 10);
  const beganMs = performance.now();
  await queue.submit(submission({ webhook }));
  await eventually(() => heard.length === 1, { deadlineMs: 30_000 });
  // Half of the time after which a receiver is given up.
  expect(performance.now() - beganMs).toBeLessThan(7_000);
  expect(held.length).toBeLessThanOrEqual(16);
  slow.closeAllConnections();
  slow.close();
});

it('of many notices for one receiver each is heard', async () => {
  const { queue } = await startReplica({ call: echo, settings: settings() });
  for (let i = 0; i < 300; i++) await queue.submit(submission({ webhook }));
  await eventually(() => heard.length === 300, { deadlineMs: 30_000 });
  expect(new Set(heard.map(({ headers }) => headers['webhook-id'])).size).toBe(300);
});
