// Redis comes back with another password: a replica that leaves goes at once, its leases end by themselves; one that stays says why it is
// shut out and stores what it holds when it is let in.
import { afterEach, expect, it } from 'vitest';
import type { CallContainer } from '../../sidecar/queue/parts.ts';
import { eventually } from '../support/eventually.ts';
import { echo, type Replica, startReplica, stopReplicas } from '../support/queue-replica.ts';
import { durableRedis, TestRedis } from '../support/redis.ts';
import { submission } from '../support/stores.ts';

let redis: TestRedis;
afterEach(async () => {
  await stopReplicas();
  await redis.stop();
});

/** A replica with one request inside, and Redis refusing its password when the container has answered. */
async function shutOut(mode: 'answer' | 'stream'): Promise<{ readonly replica: Replica; readonly id: string }> {
  redis = await TestRedis.start({ ...durableRedis, requirepass: 'old' });
  const { promise: isChanged, resolve: changed } = Promise.withResolvers<void>();
  const call: CallContainer = async (claim, container) => {
    if (mode === 'stream') container.onStreamStart?.({ status: 200, headers: [] });
    await isChanged;
    container.onStreamChunk?.(Buffer.from('data: late\n\n'));
    return echo(claim, container);
  };
  const settings = { SIDECAR_STORE_PASSWORD: 'old' };
  const replica = await startReplica({ call, store: redis.url, settings, times: { lastWordMs: 100 } });
  const { id } = submission();
  await replica.queue.submit(submission({ id }));
  await eventually(() => expect(replica.service.running).toBe(1));
  await redis.kill();
  redis.configure('requirepass', 'new');
  await redis.startAgain();
  await eventually(async () => {
    await expect(replica.queue.figures()).rejects.toThrow(/refuses the user or password/);
  });
  changed();
  return { replica, id };
}

it.each(['answer', 'stream'] as const)(
  'a leaving replica is idle at once (%s), and its lease is left to end',
  async (mode) => {
    const { replica, id } = await shutOut(mode);
    replica.service.pause();
    await eventually(() => expect(replica.service.running).toBe(0));
    redis.cli('-a', 'new', '--no-auth-warning', 'CONFIG', 'SET', 'requirepass', 'old');
    await eventually(async () => expect(await replica.queue.status(id)).toMatchObject({ state: 'running' }));
  },
);

it('a staying replica says that it is shut out, keeps the answer and stores it when it is let in', async () => {
  const { replica, id } = await shutOut('answer');
  expect(replica.queue.health()).toMatchObject({
    ok: false,
    error: expect.stringContaining('refuses the user or password'),
  });
  redis.cli('-a', 'new', '--no-auth-warning', 'CONFIG', 'SET', 'requirepass', 'old');
  await eventually(async () =>
    expect(await replica.queue.status(id)).toMatchObject({ outcome: 'answered', attempts: 1 }),
  );
});
