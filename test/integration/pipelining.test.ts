// Several requests on one connection before the first is answered: each is answered, in order, and none costs more than it must.
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { RawConnection } from '../support/raw-http.ts';
import { type SidecarSetup, startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
const open: RawConnection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await sidecar.close();
});

async function begin(setup: SidecarSetup = {}): Promise<RawConnection> {
  sidecar = await startSidecar(setup);
  return connectionTo(sidecar);
}

async function connectionTo({ port }: TestSidecar): Promise<RawConnection> {
  const connection = await RawConnection.open(port);
  open.push(connection);
  return connection;
}

const get = (path: string, ...lines: readonly string[]) =>
  [`GET ${path} HTTP/1.1`, 'Host: a', ...lines, '', ''].join('\r\n');
const post = (path: string, body: string, ...lines: readonly string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: a', `Content-Length: ${body.length}`, ...lines, '', body].join('\r\n');
const pathsIn = (text: string) => [...text.matchAll(/"path":"(.*?)"/g)].map(([, path]) => path);
const statusesIn = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));

test('two in one packet while the first waits in line: the second has its turn after it, bodies and all', async () => {
  const connection = await begin();
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  connection.write(post('/echo/1', 'one') + post('/echo/2', 'second') + get('/status/demo') + get('/echo/3'));
  await sidecar.until(({ waiting }) => waiting === 1);
  sidecar.model.release('door');
  await inside;
  const text = await connection.until('/echo/3');
  expect(pathsIn(text)).toEqual(['/echo/1', '/echo/2', '/echo/3']);
  expect(statusesIn(text)).toEqual([200, 200, 400, 200]);
  expect([...text.matchAll(/"bodyBytes":(\d)/g)].map(([, bytes]) => bytes)).toEqual(['3', '6', '0']);
});

test('one that leaves while more of its requests are behind the one in line is noticed', async () => {
  const connection = await begin();
  const inside = fetch(`${sidecar.url}/echo/inside?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  connection.write(get('/echo/1') + get('/echo/2'));
  await sidecar.until(({ waiting }) => waiting === 1);
  connection.close();
  await sidecar.until(({ waiting }) => waiting === 0);
  sidecar.model.release('door');
  await inside;
  expect(sidecar.model.stats().total).toBe(1);
});

test('who sends on and on is not read on and on, and has every answer in the end', async () => {
  const connection = await begin({ settings: { concurrency: 1 } });
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const count = 1_000;
  for (let i = 0; i < count; i++) connection.write(get(`/fail?status=200&n=${i}`, `X-Filler: ${'x'.repeat(12_000)}`));
  await sidecar.until(({ waiting }) => waiting === 1);
  // Of 12 MB what does not fit into the kernel's buffers stays with the client.
  expect(connection.socket.writableLength).toBeGreaterThan(1_000_000);
  sidecar.model.release('door');
  await inside;
  await eventually(() => expect(statusesIn(connection.text).length).toBe(count));
  expect(new Set(statusesIn(connection.text))).toEqual(new Set([200]));
  expect(sidecar.model.stats().total).toBe(count + 1);
});

test('behind a request, bytes that are no HTTP are refused when it has been answered', async () => {
  const connection = await begin();
  connection.write(`${get('/echo/first')}nonsense\r\n\r\n`);
  const text = await connection.untilClosed();
  expect(statusesIn(text)).toEqual([200, 400]);
  expect(text).toMatch(/"path":"\/echo\/first"[\s\S]*"code":"malformed_request"/);
});

test('behind a request that ends its connection nothing is taken for one', async () => {
  const connection = await begin();
  connection.write(get('/echo/last', 'Connection: close') + get('/echo/never'));
  expect(pathsIn(await connection.untilClosed())).toEqual(['/echo/last']);
  expect(sidecar.model.stats().total).toBe(1);
});

test('behind an upgrade that is ignored the next request is answered', async () => {
  const connection = await begin();
  connection.write(get('/echo/1', 'Connection: Upgrade', 'Upgrade: h2c') + get('/echo/2'));
  expect(pathsIn(await connection.until('/echo/2'))).toEqual(['/echo/1', '/echo/2']);
});

test('a WebSocket asked for behind another request is ignored: plain HTTP, as any upgrade may be', async () => {
  const connection = await begin();
  connection.write(get('/echo/1') + get('/echo/2', 'Connection: Upgrade', 'Upgrade: websocket') + get('/echo/3'));
  expect(pathsIn(await connection.until('/echo/3'))).toEqual(['/echo/1', '/echo/2', '/echo/3']);
});
