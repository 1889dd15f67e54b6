// The sidecar's own stores by their contract: claims in batches for free workers, woken when work may be waiting.
import { randomUUID } from 'node:crypto';
import { createStore } from '../../../sidecar/store/open-store.ts';
import type { Claim, Store } from '../../../sidecar/store/store.ts';
import { answerBody, type BenchQueue, requestBody, requestHead } from './queue.ts';

const response = { status: 200, headers: ['Content-Type', 'application/json'], body: answerBody };

/** `address`: a Redis URL, or the directory of an SQLite file. */
export async function sidecarStore(address: string): Promise<BenchQueue> {
  const isRedis = address.startsWith('redis:');
  const store = await createStore(
    { url: isRedis ? address : '', password: '', dataDir: isRedis ? '' : address, namespace: 'bench', name: 'bench' },
    {
      retentionMs: 3_600_000,
      maxQueue: 10_000_000,
      maxStoredBytes: 0,
      maxAttempts: 3,
      sweepMax: 100,
      observer: { storeLatency: () => undefined, storeError: () => undefined },
      warn: () => undefined,
    },
  );
  await store.open();
  let stopWorking = () => Promise.resolve();
  return {
    async submit() {
      const outcome = await store.submit(submission());
      if (outcome.kind !== 'accepted') throw new Error(`the store said ${outcome.kind}`);
    },
    work(workers, completed) {
      stopWorking = work(store, workers, completed);
    },
    async close() {
      await stopWorking();
      await store.close();
    },
  };
}

function submission() {
  return {
    id: randomUUID(),
    mode: 'async',
    ...requestHead,
    body: requestBody,
    owner: '',
    webhook: '',
    ttlMs: 3_600_000,
  } as const;
}

/**
 * One claim under way at a time, for all workers. As in the sidecar (queue/attempt.ts) a worker is free again when its container has
 * answered, here at once, and not only when the store has the answer: the next claim goes out beside the completions of the one
 * before. Stopping waits for what is under way.
 */
function work(store: Store, workers: number, completed: () => void): () => Promise<void> {
  let claiming: Promise<void> | undefined;
  let isOver = false;
  /** Told of while a claim was under way, which may have looked before. */
  let isWorkDue = false;
  const finishing = new Set<Promise<void>>();
  const finish = async (claim: Claim) => {
    if (await store.complete(claim, response)) completed();
  };
  const claimOnce = async () => {
    isWorkDue = false;
    const { claims, isMoreDue } = await store.claim({ max: workers, worker: 'bench', leaseMs: 30_000 });
    claiming = undefined;
    for (const claim of claims) {
      const end = finish(claim).finally(() => finishing.delete(end));
      finishing.add(end);
    }
    if (isMoreDue || isWorkDue) claimMore();
  };
  const claimMore = () => {
    isWorkDue = true;
    if (claiming === undefined && !isOver) claiming = claimOnce();
  };
  const stop = store.onWork(claimMore);
  claimMore();
  return async () => {
    isOver = true;
    stop();
    await claiming;
    await Promise.all(finishing);
  };
}
