// The queue itself without HTTP: 16 submitters, and for whole trips 32 workers that answer at once. Arguments: subject, address (Redis
// URL or directory), accept|trip, process id of Redis (0: none). Each line read is a window to measure, on a queue opened
// anew, and is answered with its figures as JSON: the process stays, and with it what Node has compiled.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { quantile } from '../figure.ts';
import { cpuSecondsOf } from '../pinned-process.ts';
import { bullmq } from '../queues/bullmq.ts';
import type { QueueFigures, Window } from '../queues/load-process.ts';
import type { BenchQueue } from '../queues/queue.ts';
import { sidecarStore } from '../queues/sidecar-store.ts';

const [subject = '', address = '', mode = '', redisPid = '0'] = process.argv.slice(2);
const submitters = 16;
const mostUnfinished = 1000;
/** At least so long passes before anything is measured: connections are made, workers have found their work. */
const rampSeconds = 0.3;

for await (const line of createInterface({ input: process.stdin })) {
  const place = subject === 'sqlite' ? mkdtempSync(join(address, 'queue-')) : address;
  const queue = subject === 'bullmq' ? await bullmq(place) : await sidecarStore(place);
  const figures = await measure(queue, JSON.parse(line) as Window);
  await queue.close();
  if (subject === 'sqlite') rmSync(place, { recursive: true });
  console.log(JSON.stringify(figures));
}
process.exit(0);

async function measure(queue: BenchQueue, { seconds, waiting, after }: Window): Promise<QueueFigures> {
  const isTrip = mode === 'trip';
  const count = { accepted: 0, completed: 0 };
  let [isOver, acceptMs] = [false, [] as number[]];
  const submit = async () => {
    while (!isOver) {
      if (isTrip && count.accepted - count.completed > mostUnfinished) {
        await pause(0.001);
        continue;
      }
      const start = performance.now();
      await queue.submit();
      acceptMs.push(performance.now() - start);
      count.accepted++;
    }
  };
  await fill(queue, waiting);
  if (isTrip) queue.work(32, () => count.completed++);
  const submitting = Array.from({ length: submitters }, submit);
  await pause(rampSeconds);
  const doneSoFar = () => (isTrip ? count.completed : count.accepted);
  while (doneSoFar() < after) await pause(0.01);
  acceptMs = [];
  const before = { ...count, ...cpu(), at: performance.now() };
  await pause(seconds);
  const elapsed = (performance.now() - before.at) / 1000;
  const used = cpu();
  const done = doneSoFar() - (isTrip ? before.completed : before.accepted);
  if (done === 0) throw new Error(`${subject} did nothing in ${seconds} s`);
  isOver = true;
  await Promise.all(submitting);
  const sorted = acceptMs.sort((a, b) => a - b);
  return {
    perSecond: done / elapsed,
    acceptP50Ms: quantile(sorted, 0.5),
    acceptP99Ms: quantile(sorted, 0.99),
    cpuPer10000: ((used.own - before.own) / done) * 10_000,
    redisCpuPer10000: ((used.redis - before.redis) / done) * 10_000,
  };
}

function cpu(): { readonly own: number; readonly redis: number } {
  const { user, system } = process.cpuUsage();
  return { own: (user + system) / 1e6, redis: redisPid === '0' ? 0 : cpuSecondsOf(Number(redisPid)) };
}

async function fill(queue: BenchQueue, waiting: number): Promise<void> {
  for (let filled = 0; filled < waiting; ) {
    const share = Math.min(500, waiting - filled);
    await Promise.all(Array.from({ length: share }, () => queue.submit()));
    filled += share;
  }
}

function pause(forSeconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forSeconds * 1000));
}
