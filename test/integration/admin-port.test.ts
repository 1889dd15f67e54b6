// The admin port: apart from the traffic, its changing paths only with the pod's token, metrics that promtool accepts.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { metricNames } from '../../sidecar/telemetry/metric-names.ts';
import { seriesValue } from '../support/metrics-text.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar({ settings: { adminToken: 's3cret' } });
});
afterAll(() => sidecar.close());

const admin = (path: string, init: RequestInit = {}) => fetch(`${sidecar.adminUrl}${path}`, init);
const metrics = async () => (await admin('/metrics')).text();

test.each(['/metrics', '/stats', '/drain', '/healthz', '/ready'])(
  '%s of the traffic port is the container’s',
  async (path) => {
    const response = await fetch(`${sidecar.url}${path}`);
    expect([response.status, (await sidecar.stats()).draining]).toEqual([404, false]);
    expect(await response.text()).toContain('no such path');
  },
);

test.each([
  ['POST', '/drain'],
  ['GET', '/dead-letters'],
  ['POST', '/dead-letters/x/replay'],
])('%s %s wants the token', async (method, path) => {
  for (const headers of [{}, { Authorization: 'Bearer wrong!' }, { Authorization: 's3cret' }]) {
    const response = await admin(path, { method, headers });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  }
  expect((await sidecar.stats()).draining).toBe(false);
});

test('with the token dead letters are listed and replayed', async () => {
  const headers = { Authorization: 'Bearer s3cret' };
  expect(await (await admin('/dead-letters', { headers })).json()).toEqual([]);
  expect((await admin('/dead-letters/nobody/replay', { method: 'POST', headers })).status).toBe(404);
});

test.each([
  ['GET', '/nowhere', 404],
  ['POST', '/metrics', 405],
  ['GET', '/metrics/x', 404],
  ['HEAD', '/healthz', 200],
])('%s %s answers %i', async (method, path, status) => {
  expect((await admin(path, { method })).status).toBe(status);
});

test('stats tell what is inside, waiting and queued', async () => {
  expect(await sidecar.stats()).toEqual({
    name: 'demo',
    namespace: 'default',
    concurrency: 1,
    inFlight: 0,
    waiting: 0,
    queue: { queued: 0, running: 0, oldestQueuedSeconds: 0 },
    container: 'healthy',
    containerAnswer: null,
    containerSaid: null,
    store: { kind: 'sqlite', ok: true, error: null },
    draining: false,
  });
});

test('promtool accepts the metrics without a complaint', async () => {
  await fetch(`${sidecar.url}/echo`);
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: await metrics() });
  if (error !== undefined) throw new Error('promtool is needed: apt-get install prometheus', { cause: error });
  expect({ status, complaints: `${stdout}${stderr}` }).toEqual({ status: 0, complaints: '' });
});

test('every metric is there from the start', async () => {
  const text = await metrics();
  for (const name of Object.keys(metricNames)) expect(text).toMatch(new RegExp(`^${name}(_count)?(\\{.*\\})? `, 'm'));
});

test('requests are counted by mode and code', async () => {
  const countOf = (text: string) => seriesValue(text, 'inference_requests_total', { mode: 'sync', code: '422' }) ?? 0;
  const before = countOf(await metrics());
  await fetch(`${sidecar.url}/fail?status=422`);
  expect(countOf(await metrics())).toBe(before + 1);
});

test('every series says whose it is, so that a scrape without labels of pods can tell deployments apart', async () => {
  const metrics = await (await fetch(`${sidecar.adminUrl}/metrics`)).text();
  const series = metrics.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(series.length).toBeGreaterThan(100);
  expect(series.filter((line) => !/\{.*\bnamespace="default",deployment="[a-z]+"/.test(line))).toEqual([]);
});
