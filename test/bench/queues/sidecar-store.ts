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
  let stopWorking = () => {};
  return {
    async submit() {
      const outcome = await store.submit(submission());
      if (outcome.kind !== 'accepted') throw new Error(`the store said ${outcome.kind}`);
    },
    work(workers, completed) {
      stopWorking = work(store, workers, completed);
    },
    async close() {
      stopWorking();
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

/** One claim under way at a time, for all workers that are free: as the sidecar's worker does. */
function work(store: Store, workers: number, completed: () => void): () => void {
  let free = workers;
  let isClaiming = false;
  let isOver = false;
  const finish = async (claim: Claim) => {
    if (await store.complete(claim, response)) completed();
    free++;
    void claimMore();
  };
  const claimMore = async () => {
    if (isClaiming || isOver || free === 0) return;
    isClaiming = true;
    const batch = await store.claim({ max: free, worker: 'bench', leaseMs: 30_000 });
    isClaiming = false;
    free -= batch.claims.length;
    for (const claim of batch.claims) void finish(claim);
    if (batch.isMoreDue) void claimMore();
  };
  const stop = store.onWork(() => void claimMore());
  void claimMore();
  return () => {
    isOver = true;
    stop();
  };
}
