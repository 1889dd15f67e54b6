// What happens at the end of the memory budget: unfinished heads go first, then requests are refused, and what is given back serves others.
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
const open: RawConnection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await sidecar.close();
});

async function connect(): Promise<RawConnection> {
  const connection = await RawConnection.open(sidecar.port);
  open.push(connection);
  return connection;
}

const begin = async (bytes: number): Promise<RawConnection> =>
  (await connect()).write(`GET /echo HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(bytes)}`);

/** 100 KiB for heads: some connections with a head each. */
const small = { settings: { memoryBudgetBytes: 400 * 1024, maxBodyBytes: 1024 } };

test('the oldest unfinished head makes room for a newcomer: 503 with Retry-After', async () => {
  sidecar = await startSidecar(small);
  const oldest = await begin(25_000);
  const second = await begin(25_000);
  const answer = await (await connect())
    .send('GET /echo HTTP/1.1', 'Host: a', `X: ${'x'.repeat(14_000)}`, '', '')
    .until('{"method');
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect(await oldest.untilClosed()).toMatch(/^HTTP\/1.1 503 [\s\S]*Retry-After: 5[\s\S]*"code":"overloaded"/);
  expect(second.isClosed).toBe(false);
});

test('a request that waits is not sent away for a newcomer, who is refused until it is answered', async () => {
  sidecar = await startSidecar({ settings: { memoryBudgetBytes: 240 * 1024, maxBodyBytes: 1024 } });
  const inside = await connect();
  inside.send('GET /echo?hold=door HTTP/1.1', 'Host: a', `X: ${'x'.repeat(12_000)}`, '', '');
  await sidecar.model.when(({ inFlight }) => inFlight === 1);
  const refused = await connect();
  refused.send('GET /echo HTTP/1.1', 'Host: a', `X: ${'x'.repeat(12_000)}`, '', '');
  expect(await refused.untilClosed()).toMatch(/^HTTP\/1.1 503 [\s\S]*"code":"overloaded"/);
  sidecar.model.release('door');
  await inside.until('{"method');
  const next = await connect();
  next.send('GET /echo HTTP/1.1', 'Host: a', `X: ${'x'.repeat(12_000)}`, '', '');
  await next.until('HTTP/1.1 200');
});

test('all that was taken is given back, whatever became of the request', async () => {
  sidecar = await startSidecar(small);
  const used = async () =>
    Number(
      /^inference_memory_used_bytes\{.*\} (.*)$/m.exec(await (await fetch(`${sidecar.adminUrl}/metrics`)).text())?.[1],
    );
  const before = await used();
  const unfinished = await begin(2_000);
  const pipelined = (await connect()).write('GET /echo?hold=door HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5));
  const body = (await connect()).send(
    'POST /echo?hold=door HTTP/1.1',
    'Host: a',
    'Content-Length: 9000',
    '',
    'x'.repeat(5000),
  );
  const upload = (await connect()).send(
    'POST /echo HTTP/1.1',
    'Host: a',
    'Prefer: respond-async',
    'Content-Length: 900',
    '',
    'x',
  );
  const broken = (await connect()).write('GET / HTTP/1.1\r\nHost: a\r\nX: x\r\n: bad\r\n\r\n');
  await broken.untilClosed();
  await sidecar.model.when(({ inFlight }) => inFlight === 1);
  await eventually(async () => (await used()) > before + 7_000);
  for (const connection of [unfinished, pipelined, body, upload]) connection.close();
  await eventually(async () => {
    // A client that has closed its side is answered all the same: each of its requests comes to the door.
    sidecar.model.release('door');
    return (await used()) === before;
  });
});

test('a head of more lines than there may be is refused while it comes', async () => {
  sidecar = await startSidecar();
  const connection = (await connect()).write(`GET / HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(300)}`);
  expect(await connection.untilClosed()).toMatch(/^HTTP\/1.1 431 [\s\S]*"code":"headers_too_large"/);
});
