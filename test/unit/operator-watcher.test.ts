// One watch and its clock: silence is a dead connection, a safety list comes now and then, an API that is not there is asked for
// again later, and a watch that ends at once is no busy loop. What a real server does to it is in the integration tests.
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import type { KubernetesObject } from '../../operator/api/kubernetes.ts';
import { resources } from '../../operator/api/resources.ts';
import { ApiError } from '../../operator/cluster/api-error.ts';
import { ObjectStore } from '../../operator/watch/object-store.ts';
import { Watcher } from '../../operator/watch/watcher.ts';
import { createLogger } from '../../runtime/logger.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';

const stopping: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop();
});

function start(behaviour: { readonly endsAtOnce?: boolean; readonly isMissing?: () => boolean } = {}) {
  const clock = new ManualClock();
  const calls: string[] = [];
  const streams: PassThrough[] = [];
  const seen: string[] = [];
  const served: boolean[] = [];
  const missing = () => new ApiError({ verb: 'list', resource: 'pods' }, 404, {});
  const watcher = new Watcher<KubernetesObject>({
    client: {
      list: async () => {
        calls.push('list');
        if (behaviour.isMissing?.()) throw missing();
        return { items: [], resourceVersion: '10' };
      },
      watch: async (_target, signal) => {
        calls.push('watch');
        const stream = new PassThrough();
        signal.addEventListener('abort', () => stream.destroy(new Error('aborted')));
        if (behaviour.endsAtOnce) stream.end();
        streams.push(stream);
        return stream;
      },
    },
    resource: resources.pods,
    namespace: undefined,
    labelSelector: undefined,
    store: new ObjectStore(),
    clock,
    log: createLogger('test', 'silent'),
    relistMs: 600_000,
    onChange: ({ metadata }) => seen.push(metadata.name),
    onServed: (is) => served.push(is),
  });
  const stop = new AbortController();
  const running = watcher.run(stop.signal);
  stopping.push(async () => {
    stop.abort();
    await running;
  });
  return { clock, calls, streams, seen, served, watcher };
}

test('events are taken however the network cuts them', async () => {
  const { streams, seen, calls } = start();
  await eventually(() => calls.length === 2);
  const line = JSON.stringify({
    type: 'ADDED',
    object: { kind: 'Pod', metadata: { name: 'pöd', resourceVersion: '11' } },
  });
  const bytes = Buffer.from(`${line}\n`);
  const umlaut = bytes.indexOf(0xc3) + 1;
  streams[0]!.write(bytes.subarray(0, umlaut));
  streams[0]!.write(bytes.subarray(umlaut));
  await eventually(() => seen.length === 1);
  expect(seen).toEqual(['pöd']);
});

test('a connection that has gone silent is given up and the watch taken up again, without a new list', async () => {
  const { clock, calls, streams, watcher } = start();
  await eventually(() => calls.length === 2 && clock.timers > 0);
  clock.advance(329_000);
  expect(calls).toEqual(['list', 'watch']);
  expect(watcher.stalenessSeconds()).toBe(329);
  const closed = once(streams[0]!, 'close');
  clock.advance(1_000);
  await closed.catch(() => undefined);
  await eventually(() => {
    clock.advance(1_000);
    return calls.length === 3;
  });
  expect(calls).toEqual(['list', 'watch', 'watch']);
});

test('a safety list comes once its time is over', async () => {
  const { clock, calls, streams } = start();
  await eventually(() => calls.length === 2);
  clock.advance(300_000);
  streams[0]!.end();
  await eventually(() => calls.length === 3);
  clock.advance(300_000);
  streams[1]!.end();
  await eventually(() => calls.length === 5);
  expect(calls).toEqual(['list', 'watch', 'watch', 'list', 'watch']);
});

test('a watch that is ended at once, each time, is taken up after a pause', async () => {
  const { clock, calls } = start({ endsAtOnce: true });
  await eventually(() => calls.length === 2 && clock.timers > 0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toEqual(['list', 'watch']);
  clock.advance(500);
  await eventually(() => calls.length === 3);
});

test('an API that is not there counts as seen, and is found when it comes', async () => {
  let isMissing = true;
  const { clock, calls, served, watcher } = start({ isMissing: () => isMissing });
  await eventually(() => watcher.hasSynced && clock.timers > 0);
  expect(served).toEqual([false]);
  isMissing = false;
  clock.advance(600_000);
  await eventually(() => calls.length === 3);
  expect(served).toEqual([false, true]);
});
