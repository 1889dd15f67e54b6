// The queue itself without HTTP: 16 submitters, and for whole trips 32 workers that answer at once. Prints its figures as JSON.
// Arguments: subject, address (Redis URL or data directory), accept|trip, seconds, requests already waiting.
import { quantile } from '../figure.ts';
import { bullmq } from '../queues/bullmq.ts';
import type { BenchQueue } from '../queues/queue.ts';
import { sidecarStore } from '../queues/sidecar-store.ts';

const [subject = '', address = '', mode = '', secondsText = '', waitingText = '0'] = process.argv.slice(2);
const seconds = Number(secondsText);
const submitters = 16;
const mostUnfinished = 1000;

const queue: BenchQueue = subject === 'bullmq' ? await bullmq(address) : await sidecarStore(address);
let isOver = false;
let [accepted, completed] = [0, 0];
let acceptMs: number[] = [];

await fill(Number(waitingText));
if (mode === 'trip') queue.work(32, () => completed++);
const submitting = Array.from({ length: submitters }, submit);
await pause(Math.min(1, seconds / 2));
const before = { accepted, completed, cpu: process.cpuUsage(), at: performance.now() };
acceptMs = [];
await pause(seconds);
const elapsed = (performance.now() - before.at) / 1000;
const cpu = process.cpuUsage(before.cpu);
const done = mode === 'trip' ? completed - before.completed : accepted - before.accepted;
const sorted = acceptMs.sort((a, b) => a - b);
const figures = {
  perSecond: done / elapsed,
  acceptP50Ms: quantile(sorted, 0.5),
  acceptP99Ms: quantile(sorted, 0.99),
  cpuPer10000: ((cpu.user + cpu.system) / 1e6 / done) * 10_000,
};
isOver = true;
await Promise.all(submitting);
await queue.close();
console.log(JSON.stringify(figures));
process.exit(0);

async function submit(): Promise<void> {
  while (!isOver) {
    if (mode === 'trip' && accepted - completed > mostUnfinished) {
      await pause(0.001);
      continue;
    }
    const start = performance.now();
    await queue.submit();
    acceptMs.push(performance.now() - start);
    accepted++;
  }
}

async function fill(waiting: number): Promise<void> {
  for (let filled = 0; filled < waiting; ) {
    const share = Math.min(500, waiting - filled);
    await Promise.all(Array.from({ length: share }, () => queue.submit()));
    filled += share;
  }
}

function pause(forSeconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forSeconds * 1000));
}
