// The peer: BullMQ as its documentation shows it, one queue, one worker with concurrency, results kept.
import { Queue, Worker } from 'bullmq';
import { answerBody, type BenchQueue, requestBody, requestHead } from './queue.ts';

export async function bullmq(url: string): Promise<BenchQueue> {
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const queue = new Queue('bench', { connection });
  await queue.waitUntilReady();
  const body = requestBody.toString();
  const answer = answerBody.toString();
  let worker: Worker | undefined;
  return {
    async submit() {
      await queue.add('inference', { ...requestHead, body });
    },
    work(workers, completed) {
      worker = new Worker('bench', async () => answer, { connection, concurrency: workers });
      worker.on('completed', completed);
      worker.on('error', () => undefined);
    },
    async close() {
      await worker?.close(true);
      await queue.close();
    },
  };
}
