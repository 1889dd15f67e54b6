// Redis away, loading, full, read-only or refusing: new work is told so at once with a StoreError, running work is patient.
import { afterEach, expect, it } from 'vitest';
import type { CallContainer } from '../../sidecar/queue/parts.ts';
import { StoreError } from '../../sidecar/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { echo, type Replica, startReplica, stopReplicas } from '../support/queue-replica.ts';
import { durableRedis, type RedisSettings, TestRedis } from '../support/redis.ts';
import { submission } from '../support/stores.ts';

const servers: TestRedis[] = [];
afterEach(async () => {
  await stopReplicas();
  for (const server of servers.splice(0)) await server.stop();
});

async function startRedis(settings: RedisSettings = durableRedis): Promise<TestRedis> {
  const redis = await TestRedis.start(settings);
  servers.push(redis);
  return redis;
}

async function refusal(replica: Replica): Promise<string> {
  const error = await replica.queue.submit(submission()).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).retryAfterSeconds).toBeGreaterThan(0);
  return (error as StoreError).message;
}

/** A container that answers when the test lets it. */
function held(): { call: CallContainer; letGo(): void } {
  let go: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  return { call: (claim, call) => gate.then(() => echo(claim, call)), letGo: () => go() };
}

it('killed and restarted: new work is refused at once, what was accepted is there, what ran is stored', async () => {
  const redis = await startRedis();
  const container = held();
  const replica = await startReplica({ call: container.call, store: redis.url, slots: 1 });
  const [running, waiting] = [submission(), submission()];
  await replica.queue.submit(running);
  await eventually(() => replica.service.running === 1);
  await replica.queue.submit(waiting);
  await redis.kill();
  // It is refused while Redis is still away: it comes back only afterwards.
  expect(await refusal(replica)).toMatch(/cannot be reached/);
  await eventually(() => !replica.queue.health().ok);
  container.letGo();
  await redis.startAgain();
  await eventually(async () => (await replica.queue.status(running.id))?.outcome === 'answered');
  expect(await replica.queue.status(running.id)).toMatchObject({ attempts: 1 });
  await eventually(async () => (await replica.queue.status(waiting.id))?.outcome === 'answered');
  expect(replica.queue.health()).toEqual({ ok: true, error: null });
});

it('not there at the start: the sidecar starts, and accepts when Redis comes', async () => {
  const redis = await startRedis();
  await redis.kill();
  const replica = await startReplica({ call: echo, store: redis.url });
  expect(await refusal(replica)).toMatch(/cannot be reached/);
  await redis.startAgain();
  const request = submission();
  await eventually(async () => (await replica.queue.submit(request)).kind === 'accepted');
  await eventually(async () => (await replica.queue.status(request.id))?.outcome === 'answered');
});

it('stopped in its tracks (SIGSTOP): steps time out instead of hanging, and work goes on afterwards', async () => {
  const redis = await startRedis();
  const replica = await startReplica({ call: echo, store: redis.url });
  await redis.kill('SIGSTOP');
  expect(await refusal(replica)).toMatch(/does not answer in time|cannot be reached/);
  await redis.kill('SIGCONT');
  const request = submission();
  await eventually(async () => (await replica.queue.submit(request)).kind !== 'conflict');
  await eventually(async () => (await replica.queue.status(request.id))?.outcome === 'answered');
});

it('full (OOM): new work is refused whole, running work is finished, and room comes back', async () => {
  const redis = await startRedis();
  const container = held();
  const replica = await startReplica({ call: container.call, store: redis.url, slots: 1 });
  const running = submission();
  await replica.queue.submit(running);
  await eventually(() => replica.service.running === 1);
  redis.cli('CONFIG', 'SET', 'maxmemory', '1mb');
  const refused = submission({ id: 'refused' });
  await expect(replica.queue.submit(refused)).rejects.toThrow(/no memory left/);
  expect(await replica.queue.status('refused')).toBeNull();
  expect(await replica.queue.figures()).toMatchObject({ queued: 0 });
  container.letGo();
  await eventually(async () => (await replica.queue.status(running.id))?.outcome === 'answered');
  redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  expect(await replica.queue.submit(refused)).toMatchObject({ kind: 'accepted' });
});

it('read-only (a replica after a fail-over): refused, and accepted again when it is the master', async () => {
  const redis = await startRedis();
  const other = await startRedis();
  const replica = await startReplica({ call: echo, store: redis.url });
  redis.cli('REPLICAOF', '127.0.0.1', String(other.port));
  expect(await refusal(replica)).toMatch(/read-only|cannot be reached/);
  redis.cli('REPLICAOF', 'NO', 'ONE');
  const request = submission();
  await eventually(async () => (await replica.queue.submit(request)).kind !== 'conflict');
  await eventually(async () => (await replica.queue.status(request.id))?.outcome === 'answered');
});

it('loading its data: refused with the reason, accepted when it has loaded', async () => {
  const redis = await startRedis({ ...durableRedis, 'enable-debug-command': 'local' });
  const replica = await startReplica({ call: echo, store: redis.url });
  for (let i = 0; i < 20; i++) redis.cli('DEBUG', 'POPULATE', '2000', `filler${i}`, '500');
  // Filled behind the append-only file's back: written anew it has them.
  redis.cli('BGREWRITEAOF');
  await eventually(() =>
    /aof_rewrite_in_progress:0\r?\naof_rewrite_scheduled:0/.test(redis.cli('INFO', 'persistence')),
  );
  await redis.kill('SIGTERM');
  // So slow that it cannot be missed, with a look at its clients every few keys.
  redis.configure('key-load-delay', '500');
  redis.configure('loading-process-events-interval-bytes', '65536');
  const starting = redis.startAgain();
  await eventually(async () => /loading its data/.test(await refusal(replica)));
  redis.cli('CONFIG', 'SET', 'key-load-delay', '0');
  await starting;
  const request = submission();
  await eventually(async () => (await replica.queue.submit(request)).kind !== 'conflict');
  await eventually(async () => (await replica.queue.status(request.id))?.outcome === 'answered');
});

it('a wrong password is said, not retried in silence', async () => {
  const redis = await startRedis({ ...durableRedis, requirepass: 'right' });
  const replica = await startReplica({ call: echo, store: redis.url, settings: { SIDECAR_STORE_PASSWORD: 'wrong' } });
  await eventually(() => /refuses the user or password/.test(JSON.stringify(replica.log)));
  const right = await startReplica({ call: echo, store: redis.url, settings: { SIDECAR_STORE_PASSWORD: 'right' } });
  expect(await right.queue.submit(submission())).toMatchObject({ kind: 'accepted' });
});

it('an ACL user for all deployments needs no administration', async () => {
  const redis = await startRedis();
  const rules = ['~inference:*', '&inference:*', '+@all', '-@admin', '-@dangerous', '+info'];
  const store = redis.user('inference', 'pw', ...rules);
  const replica = await startReplica({ call: echo, store });
  const request = submission({ webhook: 'https://example.com/' });
  expect(await replica.queue.submit(request)).toMatchObject({ kind: 'accepted' });
  await eventually(async () => (await replica.queue.status(request.id))?.outcome === 'answered');
  expect(replica.queue.health()).toEqual({ ok: true, error: null });
});

it('warns where Redis may evict or lose what was accepted', async () => {
  const redis = await startRedis({ appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'allkeys-lru' });
  const replica = await startReplica({ call: echo, store: redis.url });
  const warnings = () => replica.log.filter(({ level }) => level === 40).map(({ msg }) => String(msg));
  await eventually(() => warnings().length >= 2);
  expect(warnings().join('\n')).toMatch(/maxmemory-policy is allkeys-lru/);
  expect(warnings().join('\n')).toMatch(/appendfsync is everysec/);
  const durable = await startReplica({ call: echo, store: (await startRedis()).url });
  await durable.queue.figures();
  expect(durable.log.filter(({ level }) => level === 40)).toEqual([]);
});
