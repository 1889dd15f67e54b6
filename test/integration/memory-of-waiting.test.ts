// What waits costs little: a thousand sync requests of 10 MiB in line, and a hundred streams to readers that stopped.
// The sidecar is a process of its own here, so that its memory is its own.
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';
import { eventually } from '../support/eventually.ts';
import { RawConnection } from '../support/raw-http.ts';
import { type SidecarProgram, startSidecarProgram } from '../support/sidecar-program.ts';

const MiB = 1024 * 1024;
let model: ModelServer;
let sidecar: SidecarProgram;
const open: RawConnection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await model.close();
  await sidecar.stop();
});

function residentBytes(): number {
  const status = readFileSync(`/proc/${sidecar.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function stats(): Promise<{ readonly waiting: number; readonly inFlight: number }> {
  return (await fetch(`${sidecar.adminUrl}/stats`)).json() as Promise<{ waiting: number; inFlight: number }>;
}

async function begin(settings: Readonly<Record<string, string | number>>): Promise<number> {
  model = await startModelServer();
  sidecar = await startSidecarProgram({ name: 'demo', upstream: model.url, ...settings });
  const port = Number(new URL(sidecar.url).port);
  // Warm: what every first request costs is not what is measured.
  for (let i = 0; i < 50; i++)
    await (await fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'x'.repeat(10_000) })).text();
  return port;
}

test('1,000 waiting requests of 10 MiB: less than 150 MiB more', async () => {
  const port = await begin({ concurrency: 1, maxQueue: 2_000 });
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await model.when((now) => now.inFlight === 1);
  const before = residentBytes();
  const body = Buffer.alloc(10 * MiB, 'x');
  for (let i = 0; i < 1_000; i++) {
    const connection = await RawConnection.open(port);
    open.push(connection);
    connection.send('POST /echo HTTP/1.1', 'Host: a', `Content-Length: ${body.length}`, '', '').write(body);
  }
  await eventually(async () => (await stats()).waiting === 1_000, { deadlineMs: 100_000 });
  const grownBy = residentBytes() - before;
  expect(grownBy).toBeLessThan(150 * MiB);
  for (const connection of open.splice(0)) connection.close();
  model.release('door');
  expect((await inside).status).toBe(200);
});

test('100 streams to readers that stopped: less than 150 MiB more, and others are not slowed', async () => {
  const port = await begin({ concurrency: 100, maxQueue: 100 });
  const before = residentBytes();
  for (let i = 0; i < 99; i++) {
    const connection = await RawConnection.open(port);
    open.push(connection);
    connection.socket.pause();
    connection.send('GET /chunks?count=1000000&bytes=65536 HTTP/1.1', 'Host: a', '', '');
  }
  await model.when((now) => now.inFlight === 99);
  const tookMs: number[] = [];
  for (let i = 0; i < 21; i++) {
    const startedMs = performance.now();
    expect((await fetch(`${sidecar.url}/echo`)).status).toBe(200);
    tookMs.push(performance.now() - startedMs);
  }
  expect(residentBytes() - before).toBeLessThan(150 * MiB);
  // Generous, for a loaded machine, which may hold one of them up; a sidecar that copied for the stalled ones would take many seconds.
  expect(tookMs.sort((a, b) => a - b)[10]).toBeLessThan(2_000);
});
