// WebSocket handshakes of any shape, damaged on both sides: whatever comes, the client gets an answer of HTTP or an end, the sidecar
// serves the next, and nothing stays behind. Seeds are fixed: a failure can be repeated.
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RawConnection } from '../support/raw-http.ts';
import { type ScriptedContainer, startScriptedContainer } from '../support/scripted-container.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';
import { type FuzzedUpgrade, fuzzedUpgrades } from '../support/upgrade-fuzz.ts';

const SEEDS = Number(process.env.FUZZ_SEEDS ?? 20);
const HANDSHAKES_A_SEED = 50;

let upgrade: FuzzedUpgrade;
let container: ScriptedContainer;
let sidecar: TestSidecar;
beforeAll(async () => {
  container = await startScriptedContainer(answer);
  sidecar = await startSidecar({
    settings: {
      upstream: container.upstream,
      healthPath: '',
      concurrency: 4,
      requestTtlSeconds: 2,
      idleTimeoutSeconds: 1,
    },
  });
});
afterAll(async () => {
  container.close();
  await sidecar.close();
});

function answer(socket: Socket): void {
  for (const packet of upgrade.answer) socket.write(packet);
  if (upgrade.end === 'ends') socket.end();
  else if (upgrade.end === 'breaks') setTimeout(() => socket.resetAndDestroy(), 1);
  else socket.on('end', () => socket.end());
}

async function shakeHands(): Promise<void> {
  const connection = await RawConnection.open(sidecar.port);
  for (const packet of upgrade.request) {
    if (connection.isClosed) break;
    connection.write(packet);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 4));
  expect(connection.text === '' || connection.text.startsWith('HTTP/1.1 ')).toBe(true);
  connection.close();
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', async (seed) => {
  for (const each of fuzzedUpgrades(seed, HANDSHAKES_A_SEED)) {
    upgrade = each;
    await shakeHands();
  }
  await sidecar.until(({ inFlight, waiting }) => inFlight === 0 && waiting === 0);
  expect(sidecar.log.filter(({ level }) => (level as number) >= 50)).toEqual([]);
});
