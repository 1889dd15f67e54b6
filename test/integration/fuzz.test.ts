// Raw bytes thrown at the traffic port, with random splits and delays: whatever comes, the sidecar answers or closes,
// serves the next, and nothing stays behind. Seeds are fixed: a failure can be repeated.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Fuzz } from '../support/fuzz.ts';
import { seriesValue } from '../support/metrics-text.ts';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

const SEEDS = 40;
const CONNECTIONS_A_SEED = 25;

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar({
    settings: { concurrency: 4, requestTtlSeconds: 5, maxQueue: 50 },
    limits: { headersTimeoutMs: 2_000 },
  });
});
afterAll(() => sidecar.close());

async function throwAt(fuzz: Fuzz): Promise<void> {
  const connection = await RawConnection.open(sidecar.port);
  for (const packet of fuzz.packets()) {
    if (connection.isClosed) break;
    connection.write(packet);
    if (fuzz.chance(0.3)) await new Promise((resolve) => setTimeout(resolve, fuzz.upTo(4)));
  }
  // Every answer that came is an answer: bytes of anything else would be somebody else's.
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(connection.text === '' || connection.text.startsWith('HTTP/1.1 ')).toBe(true);
  connection.close();
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', async (seed) => {
  const fuzz = new Fuzz(seed);
  await Promise.all(Array.from({ length: CONNECTIONS_A_SEED }, () => throwAt(fuzz)));
  const alive = await fetch(`${sidecar.url}/v1/models`);
  expect(alive.status).toBe(200);
  await alive.text();
});

test('afterwards nothing is inside, waiting or open', async () => {
  await sidecar.until(({ inFlight, waiting }) => inFlight === 0 && waiting === 0);
  await sidecar.model.when((stats) => stats.inFlight === 0);
  await eventually(async () => {
    const metrics = await (await fetch(`${sidecar.adminUrl}/metrics`)).text();
    const open = seriesValue(metrics, 'inference_client_connections') ?? Number.NaN;
    // This client keeps one or two alive.
    if (!(open <= 2)) throw new Error(`${open} connections`);
  });
  expect(sidecar.log.filter(({ level }) => (level as number) >= 50)).toEqual([]);
});
