// Event streams of async requests: recorded event by event while the container produces them, followed from any replica.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { CallContainer, ContainerCall } from '../../sidecar/queue/parts.ts';
import type { Queue } from '../../sidecar/queue/queue.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startReplica, stopReplicas } from '../support/queue-replica.ts';
import { TestRedis } from '../support/redis.ts';
import { submission } from '../support/stores.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await TestRedis.start();
});
afterAll(() => redis.stop());
afterEach(stopReplicas);

const head = { status: 200, headers: ['Content-Type', 'text/event-stream'] };

/** A container whose stream the test feeds. */
function fed(): { call: CallContainer; send(text: string): void; end(): void } {
  let current: ContainerCall | undefined;
  let finish: () => void = () => undefined;
  return {
    call: async (_, call) => {
      current = call;
      call.onStreamStart?.(head);
      await new Promise<void>((resolve) => (finish = resolve));
      return { kind: 'answered', response: { ...head, body: Buffer.from('whole') } };
    },
    send: (text) => current?.onStreamChunk?.(Buffer.from(text)),
    end: () => finish(),
  };
}

async function follow(queue: Queue, id: string, from = 0): Promise<{ texts: string[]; ended: Promise<void> }> {
  const texts: string[] = [];
  const watch = queue.watch(id, 'stream');
  const read = async (): Promise<void> => {
    for (let after = from; ; ) {
      await watch.status();
      const found = await queue.readStream(id, after, 100);
      if (found.kind !== 'chunks') throw new Error(found.kind);
      for (const { sequence, bytes } of found.chunks) {
        texts.push(Buffer.from(bytes).toString());
        after = sequence;
      }
      if (found.isEnded) return watch.close();
      if (found.chunks.length === 0) await watch.changed(new AbortController().signal);
    }
  };
  return { texts, ended: read() };
}

it.each(['redis', 'sqlite'])(
  'events arrive whole and in order at a follower, and the end is seen (%s)',
  async (kind) => {
    const container = fed();
    const store = kind === 'redis' ? redis.url : '';
    const name = 'streaming';
    const worker = await startReplica({ call: container.call, store, name });
    const reader = kind === 'redis' ? await startReplica({ call: echo, store, name, slots: 0 }) : worker;
    const request = submission();
    await reader.queue.submit(request);
    await eventually(() => worker.service.running === 1);
    const following = await follow(reader.queue, request.id);
    container.send('data: a\n\nda');
    await eventually(() => following.texts.length === 1);
    container.send('ta: b\r\n\r\n: comment\n\ndata: last');
    await eventually(() => following.texts.length === 3);
    container.end();
    await following.ended;
    expect(following.texts).toEqual(['data: a\n\n', 'data: b\r\n\r\n', ': comment\n\n', 'data: last']);
    const late = await follow(reader.queue, request.id);
    await late.ended;
    expect(late.texts).toEqual(following.texts);
    expect(await reader.queue.result(request.id)).toMatchObject({ kind: 'answered' });
  },
);

it('a thousand events in one turn keep their order', async () => {
  const container = fed();
  const { queue, service } = await startReplica({ call: container.call, store: redis.url, name: 'many' });
  const request = submission();
  await queue.submit(request);
  await eventually(() => service.running === 1);
  const events = Array.from({ length: 1000 }, (_, i) => `data: ${i}\n\n`);
  for (const event of events) container.send(event);
  container.end();
  const following = await follow(queue, request.id);
  await following.ended;
  expect(following.texts).toEqual(events);
});

it('a stream goes on over a restart of Redis, nothing lost and nothing twice', async () => {
  const container = fed();
  const own = await TestRedis.start();
  try {
    const { queue, service } = await startReplica({ call: container.call, store: own.url });
    const request = submission();
    await queue.submit(request);
    await eventually(() => service.running === 1);
    container.send('data: before\n\n');
    await own.kill();
    for (let i = 0; i < 10; i++) container.send(`data: ${i}\n\n`);
    await own.startAgain();
    container.send('data: after\n\n');
    container.end();
    await eventually(() => queue.waitUntilDone(request.id, 10_000, new AbortController().signal).then(() => true));
    await eventually(async () => (await queue.status(request.id))?.state === 'done');
    const following = await follow(queue, request.id);
    await following.ended;
    const middle = Array.from({ length: 10 }, (_, i) => `data: ${i}\n\n`);
    expect(following.texts).toEqual(['data: before\n\n', ...middle, 'data: after\n\n']);
    await stopReplicas();
  } finally {
    await own.stop();
  }
});
