// One sidecar with its embedded store, killed ten times while requests come in and run: nothing that was answered 202 is lost.
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
  settleAll,
  sleep,
  submitUntilAccepted,
} from '../support/chaos.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/redis.ts';

const count = Number(process.env.REQUESTS ?? 2000);
const kills = 10;
const directory = mkdtempSync(join(chaosParent(), 'chaos-'));
const logFile = join(directory, 'executions');
let model: Killable;
let sidecar: Killable;
let url = '';

beforeAll(async () => {
  writeFileSync(logFile, '');
  const [modelPort, port, adminPort] = [await freePort(), await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}`;
  model = chaosModel(modelPort, logFile);
  sidecar = chaosSidecar({
    port,
    adminPort,
    upstream: `http://127.0.0.1:${modelPort}`,
    concurrency: 8,
    maxQueue: 100_000,
    maxAttempts: 15,
    dataDir: directory,
  });
  model.start();
  sidecar.start();
});

afterAll(async () => {
  await sidecar.kill();
  await model.kill();
  rmSync(directory, { recursive: true, force: true });
});

it(`${count} requests outlive a sidecar that is killed ${kills} times`, { timeout: 900_000 }, async () => {
  const requests: ChaosRequest[] = Array.from({ length: count }, (_, i) => ({
    id: randomUUID(),
    text: `request ${i} ${'x'.repeat(i % 1000)}`,
    ms: Math.floor(Math.random() * 150),
  }));
  let accepted = 0;
  const queue = [...requests];
  const submitting = Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let request = queue.pop(); request !== undefined; request = queue.pop()) {
        await submitUntilAccepted(() => [url], request);
        accepted++;
        await sleep(20);
      }
    }),
  );
  for (let i = 1; i <= kills; i++) {
    // Each time when more was accepted than before, so that there is always something to lose.
    await eventually(() => accepted >= (count * i) / (kills + 1), { deadlineMs: 180_000 });
    await sidecar.killAndStart();
  }
  await submitting;
  const tally = await settleAll(url, requests, logFile, 180_000);
  console.log(
    `${sidecar.kills} kills; ${tally.answered} answered; ${tally.executions} executions, ` +
      `${tally.executedMoreThanOnce} requests executed more than once`,
  );
  expect(sidecar.kills).toBe(kills);
  expect(tally.failed.size).toBe(0);
  expect(tally.answered).toBe(count);
  for (const word of tally.words) expect(['Queue', 'Inference', 'Completed']).toContain(word);
});
