// Clients that take for ever: to send their headers or body, to read, to do anything at all.
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { seriesValue } from '../support/metrics-text.ts';
import { RawConnection, silentBody } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
afterEach(() => sidecar.close());

test('headers that do not arrive in time: 408', async () => {
  sidecar = await startSidecar({ limits: { headersTimeoutMs: 500 } });
  const connection = await RawConnection.open(sidecar.port);
  connection.write('GET /echo HTTP/1.1\r\nHost: a\r\nX-Slow: ');
  const dripping = setInterval(() => connection.write('x'), 50);
  const answer = await connection.untilClosed();
  clearInterval(dripping);
  expect(answer).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"request_timeout"/);
});

test('an async body that stops coming: 408, nothing stored', async () => {
  sidecar = await startSidecar({ limits: { bodySilenceMs: 300 } });
  expect(await silentBody(sidecar.port)).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"request_timeout"/);
  expect((await sidecar.stats()).queue).toMatchObject({ queued: 0, running: 0 });
});

test('a slow async body that keeps coming is waited for', async () => {
  sidecar = await startSidecar({ limits: { bodySilenceMs: 1_000 } });
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /echo HTTP/1.1', 'Host: a', 'Prefer: respond-async', 'Transfer-Encoding: chunked', '', '');
  const dripping = setInterval(() => connection.write('1\r\nx\r\n'), 50);
  // Began later and stops at once: when it is given up, the slow one has been coming for longer than the limit.
  expect(await silentBody(sidecar.port)).toMatch(/^HTTP\/1.1 408 /);
  clearInterval(dripping);
  connection.write('0\r\n\r\n');
  expect(await connection.until('StatusPath')).toMatch(/^HTTP\/1.1 202 /);
  connection.close();
});

test('a sync body that stops coming: 408, the slot free for the next, the connection at its end', async () => {
  sidecar = await startSidecar({ limits: { bodySilenceMs: 300 } });
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /echo HTTP/1.1', 'Host: a', 'Content-Length: 100000', '', 'half');
  await sidecar.until(({ inFlight }) => inFlight === 1);
  const next = fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'next' });
  expect(await connection.untilClosed()).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"request_timeout"/);
  expect((await next).status).toBe(200);
});

test('a sync body that the container is slow to read is waited for, and so is an answer after it', async () => {
  sidecar = await startSidecar({ limits: { bodySilenceMs: 300 } });
  const body = Buffer.alloc(20_000_000, 'x');
  // Held before it reads: what lies between fills up, and nothing moves.
  const held = fetch(`${sidecar.url}/echo?hold=read`, { method: 'POST', body });
  const computed = fetch(`${sidecar.url}/echo?hold=answer`, { method: 'POST', body: Buffer.alloc(100_000, 'x') });
  await sidecar.model.when((stats) => stats.inFlight === 1);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  sidecar.model.release('read');
  expect((await held).status).toBe(200);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  sidecar.model.release('answer');
  expect((await computed).status).toBe(200);
});

test('a sync body that does not come within the time to live: 504, the slot free', async () => {
  sidecar = await startSidecar({ settings: { requestTtlSeconds: 1 } });
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /echo HTTP/1.1', 'Host: a', 'Content-Length: 100000', '', 'half');
  await connection.until('upstream_timeout');
  await sidecar.until(({ inFlight }) => inFlight === 0);
  connection.close();
});

test('a client that stops reading is cut off after the idle timeout, and the container’s connection with it', async () => {
  sidecar = await startSidecar({ settings: { idleTimeoutSeconds: 1 } });
  const connection = await RawConnection.open(sidecar.port);
  connection.socket.pause();
  connection.send('GET /chunks?count=2000&bytes=65536 HTTP/1.1', 'Host: a', '', '');
  await sidecar.model.when((stats) => stats.inFlight === 1);
  await sidecar.model.when((stats) => stats.aborted.length === 1);
  await sidecar.until(({ inFlight }) => inFlight === 0);
  connection.close();
});

test('an idle connection is closed after its time, one that works is not', async () => {
  sidecar = await startSidecar({ limits: { keepAliveMs: 300 } });
  const working = await RawConnection.open(sidecar.port);
  working.send('GET /echo/working?hold=door HTTP/1.1', 'Host: a', '', '');
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const idle = await RawConnection.open(sidecar.port);
  idle.send('GET /status/demo HTTP/1.1', 'Host: a', '', '');
  expect(await idle.untilClosed()).toMatch(/^HTTP\/1.1 400 [\s\S]*Connection: keep-alive/);
  sidecar.model.release('door');
  await working.until('/echo/working');
  await working.untilClosed();
});

test('a request that was answered early and whose body stops coming ends its connection', async () => {
  sidecar = await startSidecar({ limits: { bodySilenceMs: 300 } });
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /early HTTP/1.1', 'Host: a', 'Content-Length: 200000', '', 'x'.repeat(1_000));
  expect(await connection.untilClosed()).toContain('answered before the body was read');
});

test('a client that sends on and on reads why it was refused, before its connection ends', async () => {
  sidecar = await startSidecar({ settings: { maxBodyBytes: 1_000 } });
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /echo HTTP/1.1', 'Host: a', 'Prefer: respond-async', 'Content-Length: 50000000', '', '');
  // Not read before it has sent its part: what a reset would take away is lost.
  connection.socket.pause();
  for (let i = 0; i < 100; i++) connection.write(Buffer.alloc(100_000, 'x'));
  await eventually(() => connection.socket.writableLength === 0);
  connection.socket.resume();
  expect(await connection.untilClosed()).toMatch(/^HTTP\/1.1 413 [\s\S]*"code":"body_too_large"/);
  expect(connection.error).toBeUndefined();
});

test('connections over the limit are not accepted, and counted', async () => {
  sidecar = await startSidecar({ settings: { maxConnections: 3 } });
  const open = await Promise.all([1, 2, 3].map(() => RawConnection.open(sidecar.port)));
  const over = await RawConnection.open(sidecar.port);
  await over.untilClosed();
  const metrics = await (await fetch(`${sidecar.adminUrl}/metrics`)).text();
  expect(seriesValue(metrics, 'inference_client_connections_refused_total')).toBe(1);
  for (const connection of open) connection.close();
});

test('a small body that drips holds no slot: others pass, and it is served when it is whole', async () => {
  sidecar = await startSidecar();
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /echo HTTP/1.1', 'Host: a', 'Content-Length: 20000', '', 'x');
  await sidecar.until(({ waiting, inFlight }) => waiting === 1 && inFlight === 0);
  expect((await fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'next' })).status).toBe(200);
  connection.write('x'.repeat(19_999));
  expect(await connection.until('"bodyBytes":20000')).toContain('200 OK');
  connection.close();
});

test('a small body that stops coming: 408, and its place is free', async () => {
  sidecar = await startSidecar({ limits: { bodySilenceMs: 300 } });
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /echo HTTP/1.1', 'Host: a', 'Content-Length: 10', '', 'half');
  expect(await connection.untilClosed()).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"request_timeout"/);
  await sidecar.until(({ waiting, inFlight }) => waiting === 0 && inFlight === 0);
});

test.each(['Content-Length: 100000', 'Transfer-Encoding: chunked'])(
  'a body that drips while it holds a slot: 408, the slot free for the next (%s)',
  async (framing) => {
    sidecar = await startSidecar({ limits: { paceWindowMs: 400, bodySilenceMs: 2_000 } });
    const connection = await RawConnection.open(sidecar.port);
    connection.send('POST /echo HTTP/1.1', 'Host: a', framing, '', '');
    const dripping = setInterval(() => connection.write(framing.startsWith('C') ? 'x' : '1\r\nx\r\n'), 50);
    await sidecar.until(({ inFlight }) => inFlight === 1);
    const next = fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'next' });
    expect(await connection.untilClosed()).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"request_timeout"/);
    clearInterval(dripping);
    expect((await next).status).toBe(200);
  },
);
test('an async body that drips is given up when its time to live is over: 408', async () => {
  sidecar = await startSidecar({ settings: { requestTtlSeconds: 1 } });
  const connection = await RawConnection.open(sidecar.port);
  connection.send('POST /echo HTTP/1.1', 'Host: a', 'Prefer: respond-async', 'Content-Length: 100000', '', '');
  const dripping = setInterval(() => connection.write('x'), 50);
  const answer = await connection.untilClosed();
  clearInterval(dripping);
  expect(answer).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"request_timeout"/);
});
