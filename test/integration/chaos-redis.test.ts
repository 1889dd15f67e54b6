// Three sidecars with a model server each and one Redis (appendfsync always); sidecars and models are killed at random, Redis is
// killed and restarted twice, while 2,000 requests come in. Nothing that was answered 202 is lost, mixed up or stuck.
// REQUESTS=... changes the number.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type ChaosRequest,
  chaosModel,
  chaosParent,
  chaosSidecar,
  type Killable,
  pick,
  settleAll,
  sleep,
  submitUntilAccepted,
} from '../support/chaos.ts';
import { eventually } from '../support/eventually.ts';
import { durableRedis, freePort, TestRedis } from '../support/redis.ts';

const count = Number(process.env.REQUESTS ?? 2000);
/** Every eighth hits Redis. */
const blows = 20;
const directory = mkdtempSync(join(chaosParent(), 'chaos-'));
const logFile = join(directory, 'executions');
let redis: TestRedis;
const models: Killable[] = [];
const sidecars: Killable[] = [];
const urls: string[] = [];

beforeAll(async () => {
  writeFileSync(logFile, '');
  redis = await TestRedis.start(durableRedis, [], chaosParent());
  for (let i = 0; i < 3; i++) {
    const [modelPort, port, adminPort] = [await freePort(), await freePort(), await freePort()];
    models.push(chaosModel(modelPort, logFile));
    sidecars.push(
      chaosSidecar({
        port,
        adminPort,
        upstream: `http://127.0.0.1:${modelPort}`,
        store: redis.url,
        concurrency: 8,
        maxQueue: 100_000,
        leaseSeconds: 2,
        maxAttempts: 5,
        dataDir: directory,
      }),
    );
    urls.push(`http://127.0.0.1:${port}`);
  }
  for (const one of [...models, ...sidecars]) one.start();
});

afterAll(async () => {
  for (const one of [...sidecars, ...models]) await one.kill();
  await redis.stop();
  rmSync(directory, { recursive: true, force: true });
});

it(`${count} requests outlive killed sidecars, models and two restarts of Redis`, { timeout: 900_000 }, async () => {
  const requests: ChaosRequest[] = Array.from({ length: count }, (_, i) => ({
    id: randomUUID(),
    text: `request ${i} ${'x'.repeat(i % 1000)}`,
    ms: Math.floor(Math.random() * 150),
  }));
  let submitted = 0;
  const queue = [...requests];
  const submitters = Array.from({ length: 16 }, async () => {
    for (let request = queue.pop(); request !== undefined; request = queue.pop()) {
      await submitUntilAccepted(() => urls, request);
      submitted++;
      await sleep(20);
    }
  });
  const submitting = Promise.all(submitters);
  await wreck(() => submitted);
  await submitting;
  const tally = await settleAll(urls[0] as string, requests, logFile, 120_000);
  const kills = `${sum(sidecars)} sidecars and ${sum(models)} models killed, Redis twice`;
  const ends = [...tally.failed].map(([code, times]) => `${times} ${code}`).join(', ');
  console.log(
    `${kills}; ${tally.answered} answered, ${ends || 'none'} failed; ` +
      `${tally.executions} executions, ${tally.executedMoreThanOnce} requests executed more than once`,
  );
  expect(
    [...tally.failed.keys()].filter((code) => !['upstream_reset', 'lease_lost', 'expired'].includes(code)),
  ).toEqual([]);
  expect(tally.answered).toBeGreaterThan(count * 0.95);
  for (const word of tally.words) expect(['Queue', 'Inference', 'Completed']).toContain(word);
  expect(sum(sidecars)).toBeGreaterThan(3);
});

/** By progress rather than by the clock: each blow falls when there is something to lose, and a slow machine gets no more of them. */
async function wreck(accepted: () => number): Promise<void> {
  for (let blow = 1; blow <= blows; blow++) {
    await eventually(() => accepted() >= (count * blow) / (blows + 1), { deadlineMs: 120_000 });
    if (blow % 8 === 0) {
      await redis.kill();
      await untilSaidAway();
      await redis.startAgain();
    } else {
      await pick(blow % 3 === 0 ? models : sidecars).killAndStart();
    }
  }
}

/** Until one of the sidecars has told a client that its store is away. */
async function untilSaidAway(): Promise<void> {
  await eventually(async () => {
    const headers = { 'x-inference-id': 'anybody' };
    return (await fetch(`${pick(urls)}/status/chaos`, { headers, signal: AbortSignal.timeout(5000) })).status === 503;
  });
}

function sum(killed: readonly Killable[]): number {
  return killed.reduce((total, { kills }) => total + kills, 0);
}
