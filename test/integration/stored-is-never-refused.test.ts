// What the store has is never answered as refused: a lost reply is asked again by the request's id, and where nothing answers at all
// the caller is told that the outcome is not known.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { StoreError } from '../../sidecar/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startReplica, stopReplicas } from '../support/queue-replica.ts';
import { type RedisSettings, TestRedis } from '../support/redis.ts';
import { startSidecar } from '../support/sidecar.ts';
import { submission } from '../support/stores.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  await stopReplicas();
  for (const close of closing.splice(0).reverse()) await close();
});

async function startRedis(settings: RedisSettings = {}): Promise<TestRedis> {
  const redis = await TestRedis.start(settings);
  closing.push(() => redis.stop());
  return redis;
}

/** A way to Redis that can lose replies. */
class Way {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  /** The connection that is asked for this breaks instead of answering, and no other is made. */
  losesReplyTo = '';
  #isDown = false;

  constructor(redisPort: number) {
    this.#server = createServer((client) => {
      const redis = connect(redisPort, '127.0.0.1');
      for (const [one, other] of [
        [client, redis],
        [redis, client],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
      if (this.#isDown) client.destroy();
      let isLost = false;
      client.on('data', (bytes) => {
        if (this.losesReplyTo !== '' && bytes.includes(this.losesReplyTo)) this.#isDown = isLost = true;
        redis.write(bytes);
      });
      redis.on('data', (bytes) => (isLost ? client.destroy() : client.write(bytes)));
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  mend(): void {
    this.#isDown = false;
    this.losesReplyTo = '';
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

async function startWay(): Promise<{ readonly way: Way; readonly url: string; readonly redis: TestRedis }> {
  const redis = await startRedis();
  const way = new Way(redis.port);
  closing.push(() => way.close());
  return { way, url: await way.open(), redis };
}

it('a submission whose reply was lost is answered as accepted once the store answers again', async () => {
  const { way, url } = await startWay();
  const replica = await startReplica({ call: echo, store: url });
  await replica.queue.submit(submission());
  const request = submission();
  way.losesReplyTo = request.id;
  const outcome = replica.queue.submit(request);
  await eventually(() => expect(replica.queue.health().ok).toBe(false));
  way.mend();
  expect(['accepted', 'duplicate']).toContain((await outcome).kind);
  await eventually(async () => expect(await replica.queue.status(request.id)).toMatchObject({ outcome: 'answered' }));
});

it('where the store stays away the caller is told that the outcome is not known, and by which id to ask', async () => {
  const { way, url, redis } = await startWay();
  const sidecar = await startSidecar({ settings: { store: url } });
  closing.push(() => sidecar.close());
  const headers = { 'X-Inference-Id': 'doubtful', Prefer: 'respond-async' };
  const submit = (more: object = {}) =>
    fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'x', headers: { ...headers, ...more } });
  // Redis knows the step from now on.
  expect((await submit({ 'X-Inference-Id': 'first' })).status).toBe(202);
  way.losesReplyTo = 'doubtful';
  const answer = await submit();
  expect([answer.status, answer.headers.get('x-inference-id')]).toEqual([503, 'doubtful']);
  expect(answer.headers.has('retry-after')).toBe(true);
  expect(await answer.json()).toMatchObject({ error: { code: 'outcome_unknown' } });
  expect(redis.cli('KEYS', '*:r:doubtful')).not.toBe('');
  way.mend();
  await eventually(async () => expect((await submit()).status).toBe(202));
});

it('a caller who waits for the result of what is stored gets its 202 when the store goes away meanwhile', async () => {
  const redis = await startRedis();
  const sidecar = await startSidecar({ settings: { store: redis.url } });
  closing.push(() => sidecar.close());
  const headers = { Prefer: 'respond-async, wait=60' };
  const answer = fetch(`${sidecar.url}/echo?hold=door`, { method: 'POST', body: 'x', headers });
  await sidecar.model.when((stats) => stats.inFlight === 1);
  await redis.kill();
  expect((await answer).status).toBe(202);
});

const troubles: readonly (readonly [string, RegExp, (redis: TestRedis) => (() => void) | Promise<() => void>])[] = [
  [
    'full',
    /no memory left/,
    (redis) => {
      redis.cli('CONFIG', 'SET', 'maxmemory', '1mb');
      return () => redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    },
  ],
  [
    'without its replicas',
    /too few replicas/,
    (redis) => {
      redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '1');
      return () => redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '0');
    },
  ],
  [
    'unable to write its disk',
    /cannot write to its disk/,
    async (redis) => {
      redis.cli('CONFIG', 'SET', 'save', '3600 1');
      redis.cli('CONFIG', 'SET', 'dbfilename', `${'x'.repeat(300)}.rdb`);
      redis.cli('BGSAVE');
      await eventually(() => expect(redis.cli('INFO', 'persistence')).toContain('rdb_last_bgsave_status:err'));
      return () => redis.cli('CONFIG', 'SET', 'save', '');
    },
  ],
];

it.each(troubles)('Redis %s: refused whole, with nothing stored', async (_, sentence, cause) => {
  const redis = await startRedis({ 'enable-protected-configs': 'yes' });
  const replica = await startReplica({ call: echo, store: redis.url, name: 'demo' });
  const end = await cause(redis);
  const request = submission({ body: Buffer.alloc(4 * 1024 * 1024) });
  const error = await replica.queue.submit(request).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ isOutcomeKnown: true, message: expect.stringMatching(sentence) });
  expect(redis.cli('EXISTS', `inference:{default/demo}:r:${request.id}`)).toBe('0');
  end();
  await eventually(async () => expect(await replica.queue.submit(request)).toMatchObject({ kind: 'accepted' }));
});

it('Redis busy with a script of somebody else: the submission waits or is refused, and is stored at most once', async () => {
  const redis = await startRedis();
  const replica = await startReplica({ call: echo, store: redis.url });
  redis.cli('CONFIG', 'SET', 'busy-reply-threshold', '50');
  const { Redis } = await import('ioredis');
  const stranger = new Redis(redis.url);
  closing.push(() => stranger.disconnect());
  const looping = stranger.eval('while true do end', 0).catch((reason: Error) => reason.message);
  await eventually(async () => {
    const error = await replica.queue.submit(submission()).catch((reason: StoreError) => reason);
    expect(error).toMatchObject({ isOutcomeKnown: true, message: expect.stringMatching(/busy with a script/) });
  });
  redis.cli('SCRIPT', 'KILL');
  expect(await looping).toMatch(/killed/);
  await eventually(async () => expect(await replica.queue.submit(submission())).toMatchObject({ kind: 'accepted' }));
});
