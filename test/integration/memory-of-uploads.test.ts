// At the chart's memory limit no number of large uploads ends the sidecar: they wait for each other, others do not wait for them.
import { afterEach, describe, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';
import { eventually } from '../support/eventually.ts';
import { CHART_LIMIT_BYTES, type LimitedSidecar, startLimitedSidecar } from '../support/limited-sidecar.ts';
import { RawConnection } from '../support/raw-http.ts';
import { TestRedis } from '../support/redis.ts';

let model: ModelServer;
let redis: TestRedis | undefined;
let sidecar: LimitedSidecar;
const open: RawConnection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await sidecar.stop();
  await redis?.stop();
  await model.close();
});

const body = Buffer.alloc(32 * 1024 * 1024, 'x');

describe.each(['sqlite', 'redis'] as const)('on %s', (store) => {
  test('64 uploads of 32 MiB at once', async () => {
    model = await startModelServer();
    redis = store === 'redis' ? await TestRedis.start() : undefined;
    sidecar = await startLimitedSidecar({ upstream: model.url, maxQueue: 3, ...(redis && { store: redis.url }) });
    const blocking = fetch(`${sidecar.url}/echo?hold=door`);
    await model.when(({ inFlight }) => inFlight === 1);
    for (let i = 0; i < 64; i++) {
      const connection = await RawConnection.open(Number(new URL(sidecar.url).port));
      connection.send(
        'POST /echo HTTP/1.1',
        'Host: a',
        'Prefer: respond-async',
        `Content-Length: ${body.length}`,
        '',
        '',
      );
      open.push(connection.write(body));
    }
    await eventually(() => open.filter(({ text }) => text.startsWith('HTTP/1.1 202 ')).length >= 3);
    await eventually(() => open.filter(({ text }) => text.startsWith('HTTP/1.1 429 ')).length >= 3);
    for (const connection of open.splice(0)) connection.close();
    model.release('door');
    expect((await blocking).status).toBe(200);
    expect(sidecar.process.exitCode).toBeNull();
    expect(sidecar.peakBytes()).toBeLessThan(CHART_LIMIT_BYTES);
    await eventually(async () => (await fetch(`${sidecar.url}/echo`)).status === 200);
  }, 180_000);
});
