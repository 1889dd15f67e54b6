// One line a request when it ends, with what one needs to find it again and nothing that is secret.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { seriesValue } from '../support/metrics-text.ts';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar({ settings: { maxAttempts: 1 } });
});
afterAll(() => sidecar.close());

const lineOf = (id: string) =>
  eventually(() => {
    const lines = sidecar.log.filter((line) => line.msg === 'request' && line.id === id);
    if (lines.length !== 1) throw new Error(`${lines.length} lines`);
    return lines[0]!;
  });

test('an answered request', async () => {
  const headers = { 'X-Inference-Id': 'logged', Authorization: 'Bearer secret-token', Cookie: 'secret-cookie' };
  await fetch(`${sidecar.url}/demo/echo?api_key=secret-query`, { method: 'POST', body: 'secret-body', headers });
  expect(await lineOf('logged')).toMatchObject({
    mode: 'sync',
    method: 'POST',
    path: '/demo/echo',
    status: 200,
    client: '127.0.0.1',
    queueMs: expect.any(Number),
    upstreamMs: expect.any(Number),
    durationMs: expect.any(Number),
  });
  expect(JSON.stringify(sidecar.log)).not.toContain('secret');
});

test('a refused request says why', async () => {
  await fetch(`${sidecar.url}/result/demo`, { headers: { 'X-Inference-Id': 'unknown' } });
  expect(await lineOf('unknown')).toMatchObject({ mode: 'lookup', status: 404, problem: 'inference_not_found' });
});

test('bytes that never became a request have a line too, under the id that their sender was told', async () => {
  const connection = await RawConnection.open(sidecar.port);
  connection.write('GET /echo HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n');
  const id = /X-Inference-Id: (\S+)/.exec(await connection.untilClosed())![1]!;
  expect(await lineOf(id)).toMatchObject({
    mode: 'broken',
    status: 400,
    problem: 'malformed_request',
    client: '127.0.0.1',
  });
});

const acceptedEnds = async (id: string, query: string) => {
  const headers = { 'X-Inference-Id': id, Prefer: 'respond-async' };
  expect((await fetch(`${sidecar.url}${query}`, { method: 'POST', body: '{"prompt":"x"}', headers })).status).toBe(202);
  return () =>
    eventually(() => {
      const lines = sidecar.log.filter((line) => line.msg === 'async request ended' && line.id === id);
      if (lines.length !== 1) throw new Error(`${lines.length} lines`);
      return lines[0]!;
    });
};
const counted = async (name: string, labels: Record<string, string> = {}) =>
  seriesValue(await (await fetch(`${sidecar.adminUrl}/metrics`)).text(), name, labels);

test('an accepted request has a second line when it ends: what the container answered', async () => {
  const end = await acceptedEnds('async-422', '/fail?status=422');
  const times = { queueMs: expect.any(Number), upstreamMs: expect.any(Number) };
  expect(await end()).toMatchObject({ mode: 'async', outcome: 'answered', status: 422, attempts: 1, ...times });
  expect(await counted('inference_async_completed_total', { mode: 'async', code: '422' })).toBe(1);
});

test('an accepted request that never got an answer: why, and after how many attempts', async () => {
  const end = await acceptedEnds('async-reset', '/v1/completions?reset-after=0');
  expect(await end()).toMatchObject({
    outcome: 'failed',
    problem: 'upstream_reset',
    error: expect.stringMatching(/^upstream_reset: /),
    attempts: 1,
  });
  expect(await counted('inference_async_failed_total', { code: 'upstream_reset' })).toBe(1);
});

test('an accepted request that its client canceled', async () => {
  const end = await acceptedEnds('async-canceled', '/echo?hold=canceled');
  await fetch(`${sidecar.url}/result/demo`, { method: 'DELETE', headers: { 'X-Inference-Id': 'async-canceled' } });
  expect(await end()).toMatchObject({ outcome: 'canceled', problem: 'canceled' });
  sidecar.model.release('canceled');
});

test('an accepted request that passed its deadline', async () => {
  const impatient = await startSidecar({ settings: { requestTtlSeconds: 1 } });
  onTestFinished(() => impatient.close());
  const headers = { 'X-Inference-Id': 'async-expired', Prefer: 'respond-async' };
  await fetch(`${impatient.url}/echo?hold=door`, { method: 'POST', body: 'x', headers });
  await eventually(() => {
    const line = impatient.log.find(({ msg, id }) => msg === 'async request ended' && id === 'async-expired');
    expect(line).toMatchObject({ outcome: 'expired', problem: 'request_expired' });
  });
});

test('health checks are not logged: there would be nothing else', async () => {
  await fetch(`${sidecar.url}/health`, { headers: { 'X-Inference-Id': 'probe' } });
  await fetch(`${sidecar.url}/echo`, { headers: { 'X-Inference-Id': 'after-probe' } });
  await lineOf('after-probe');
  expect(sidecar.log.some(({ id }) => id === 'probe')).toBe(false);
});
