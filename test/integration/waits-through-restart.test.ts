// A container that is loading, busy or restarting: requests wait and are then served; they are not failed.
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
afterEach(() => sidecar.close());

const admin = async (path: string) => (await fetch(`${sidecar.adminUrl}${path}`)).status;

test('loading: not started, not ready, alive; requests wait until it is healthy', async () => {
  sidecar = await startSidecar({ isUnready: true, model: { health: 'STARTING' } });
  const waiting = fetch(`${sidecar.url}/echo`);
  await sidecar.until((stats) => stats.waiting === 1);
  expect([await admin('/startup'), await admin('/ready'), await admin('/live'), await admin('/healthz')]).toEqual([
    503, 503, 200, 200,
  ]);
  sidecar.model.setHealth('READY');
  expect((await waiting).status).toBe(200);
  expect([await admin('/startup'), await admin('/ready')]).toEqual([200, 200]);
});

test('busy: alive and ready, but takes no new work until it is healthy again', async () => {
  sidecar = await startSidecar();
  sidecar.model.setHealth('busy');
  await sidecar.until(({ container }) => container === 'busy');
  const waiting = fetch(`${sidecar.url}/echo`);
  await sidecar.until((stats) => stats.waiting === 1);
  expect([await admin('/ready'), await admin('/live')]).toEqual([200, 200]);
  sidecar.model.setHealth('ok');
  expect((await waiting).status).toBe(200);
});

test('restarting: a request that found nobody listening waits, with its body, and is served', async () => {
  sidecar = await startSidecar({ settings: { healthPeriodSeconds: 60 } });
  sidecar.model.crash();
  const body = 'x'.repeat(200_000);
  const waiting = fetch(`${sidecar.url}/echo`, { method: 'POST', body });
  await sidecar.until(({ container, waiting }) => container === 'unreachable' && waiting === 1);
  expect(await admin('/live')).toBe(503);
  await sidecar.model.restart();
  expect(await (await waiting).json()).toMatchObject({ bodyBytes: body.length });
});

test('restarted: it is not started before it answers again, though nobody has missed it yet', async () => {
  sidecar = await startSidecar({ settings: { healthPeriodSeconds: 60 } });
  sidecar.model.crash();
  expect(await admin('/startup')).toBe(503);
  await sidecar.model.restart();
  await eventually(async () => (await admin('/startup')) === 200);
});

test('computing: a container that answers no probe while a request is inside has started all the same', async () => {
  sidecar = await startSidecar({ settings: { healthTimeoutSeconds: 1 } });
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  sidecar.model.setHealth('hang');
  expect(await admin('/startup')).toBe(200);
  sidecar.model.release('door');
  expect((await inside).status).toBe(200);
});

test('killed while its probe said busy: unreachable, then starting, and who waits is served', async () => {
  sidecar = await startSidecar({ settings: { healthFailureThreshold: 1 } });
  sidecar.model.setHealth('busy');
  await sidecar.until(({ container }) => container === 'busy');
  const waiting = fetch(`${sidecar.url}/echo`);
  await sidecar.until((stats) => stats.waiting === 1);
  sidecar.model.crash();
  await sidecar.until(({ container }) => container === 'unreachable');
  expect(await admin('/startup')).toBe(503);
  sidecar.model.setHealth('loading');
  await sidecar.model.restart();
  await sidecar.until(({ container }) => container === 'starting');
  expect([await admin('/startup'), await admin('/live'), await admin('/ready')]).toEqual([503, 200, 503]);
  sidecar.model.setHealth('ok');
  expect((await waiting).status).toBe(200);
});

test('with no health path there is nothing to wait for: 502 upstream_unreachable', async () => {
  sidecar = await startSidecar({ settings: { healthPath: '' } });
  sidecar.model.crash();
  const response = await fetch(`${sidecar.url}/echo`);
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([502, 'upstream_unreachable']);
});

test('a health word acts at the next probe, a hang when nothing is inside', async () => {
  sidecar = await startSidecar({ settings: { healthTimeoutSeconds: 1, healthFailureThreshold: 2 } });
  sidecar.model.setHealth('503');
  await sidecar.until(({ container }) => container === 'unhealthy');
  expect([await admin('/live'), await admin('/ready')]).toEqual([200, 503]);
  sidecar.model.setHealth('ok');
  await sidecar.until(({ container }) => container === 'healthy');
  sidecar.model.setHealth('hang');
  await sidecar.until(({ container }) => container === 'unreachable');
  await eventually(async () => (await admin('/live')) === 503);
});

test('health checks of load balancers reach the container past a full line', async () => {
  sidecar = await startSidecar();
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const health = await fetch(`${sidecar.url}/demo/health`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
  expect((await fetch(`${sidecar.url}/health`, { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(`${sidecar.url}/health?from=balancer`)).status).toBe(200);
  sidecar.model.release('door');
  await inside;
});
