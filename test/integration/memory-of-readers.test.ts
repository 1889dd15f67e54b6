// At the chart's memory limit no number of clients that read stored results, and stop, ends the sidecar; each holds a piece of it.
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { CHART_LIMIT_BYTES, type LimitedSidecar, startLimitedSidecar } from '../support/limited-sidecar.ts';
import { RawConnection } from '../support/raw-http.ts';
import { TestRedis } from '../support/redis.ts';

const MIB = 1024 * 1024;
const body = Buffer.alloc(32 * MIB, 'a stored answer ');
let model: Server;
let redis: TestRedis | undefined;
let sidecar: LimitedSidecar;
const open: RawConnection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await sidecar.stop();
  await redis?.stop();
  model.close();
  model.closeAllConnections();
});

/** A sidecar with one stored answer of 32 MiB, by its id. */
async function begin(store: 'sqlite' | 'redis'): Promise<string> {
  model = createServer((request, response) => request.resume().on('end', () => response.end(body)));
  await once(model.listen(0, '127.0.0.1'), 'listening');
  redis = store === 'redis' ? await TestRedis.start() : undefined;
  const upstream = `http://127.0.0.1:${(model.address() as AddressInfo).port}`;
  sidecar = await startLimitedSidecar({
    upstream,
    healthPath: '',
    idleTimeoutSeconds: 4,
    ...(redis && { store: redis.url }),
  });
  const accepted = await fetch(`${sidecar.url}/echo`, { method: 'POST', headers: { Prefer: 'respond-async' } });
  const { Id } = (await accepted.json()) as { Id: string };
  const headers = { 'X-Inference-Id': Id };
  await eventually(async () => {
    const status = await fetch(`${sidecar.url}/status/demo`, { headers });
    return ((await status.json()) as { Status: string }).Status === 'Completed';
  });
  return Id;
}

describe.each(['sqlite', 'redis'] as const)('on %s', (store) => {
  test('64 readers of 32 MiB that stop cost little and are cut off; another one gets it all meanwhile', async () => {
    const id = await begin(store);
    const before = sidecar.peakBytes();
    for (let i = 0; i < 64; i++) {
      const reader = await RawConnection.open(Number(new URL(sidecar.url).port));
      reader.socket.pause();
      reader.send('GET /result/demo HTTP/1.1', 'Host: a', `X-Inference-Id: ${id}`, '', '');
      open.push(reader);
    }
    const whole = await fetch(`${sidecar.url}/result/demo`, { headers: { 'X-Inference-Id': id } });
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect([whole.headers.get('content-length'), hash('md5', bytes)]).toEqual([String(body.length), hash('md5', body)]);
    expect(sidecar.peakBytes() - before).toBeLessThan(128 * MIB);
    expect(sidecar.peakBytes()).toBeLessThan(CHART_LIMIT_BYTES);
    await eventually(async () => (await sidecar.figure('inference_client_connections')) < 10);
    expect(sidecar.process.exitCode).toBeNull();
  }, 180_000);
});
