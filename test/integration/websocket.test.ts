// WebSockets: relayed both ways, holding a slot for as long as they are open, ended by either side or by silence.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { RawConnection } from '../support/raw-http.ts';
import { type SidecarSetup, startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
const begin = async (setup: SidecarSetup = {}) => {
  sidecar = await startSidecar(setup);
};
afterEach(() => sidecar.close());

const open = (path: string) => new WebSocket(`ws://127.0.0.1:${sidecar.port}${path}`);

async function echoed(socket: WebSocket, message: string): Promise<string> {
  const answer = once(socket, 'message');
  socket.send(message);
  return String((await answer)[0]);
}

test('messages go both ways, in both path forms, and it holds the slot', async () => {
  await begin();
  const socket = open('/demo/ws');
  const [[response]] = await Promise.all([once(socket, 'upgrade'), once(socket, 'open')]);
  expect(response.headers['x-inference-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.headers['server-timing']).toContain('queue;dur=');
  expect(await echoed(socket, 'hello')).toContain('hello');
  expect((await sidecar.stats()).inFlight).toBe(1);
  const waiting = fetch(`${sidecar.url}/echo`);
  await sidecar.until((stats) => stats.waiting === 1);
  socket.close();
  await once(socket, 'close');
  expect((await waiting).status).toBe(200);
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('a client that vanishes takes the container’s side with it', async () => {
  await begin();
  const socket = open('/ws');
  await once(socket, 'open');
  await sidecar.model.when((stats) => stats.inFlight === 1);
  socket.terminate();
  await sidecar.model.when((stats) => stats.inFlight === 0);
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('a container that cuts it ends the client’s side', async () => {
  await begin();
  const socket = open('/ws?cut-after=1');
  await once(socket, 'open');
  socket.send('one');
  socket.on('error', () => undefined);
  await once(socket, 'close');
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('silence ends it after the idle timeout', async () => {
  await begin({ settings: { idleTimeoutSeconds: 1 } });
  const socket = open('/ws');
  await once(socket, 'open');
  await once(socket, 'close');
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('it waits in line like everyone, and leaves it when the client does', async () => {
  await begin();
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const patient = open('/ws');
  const impatient = open('/ws');
  impatient.on('error', () => undefined);
  await sidecar.until((stats) => stats.waiting === 2);
  // So that a millisecond has passed.
  for (let i = 0; i < 5; i++) await sidecar.stats();
  impatient.terminate();
  await sidecar.until((stats) => stats.waiting === 1);
  expect(sidecar.log.find(({ left }) => left)?.queueMs).toBeGreaterThan(0);
  sidecar.model.release('door');
  await inside;
  await once(patient, 'open');
  patient.terminate();
});

test('a refusal is an ordinary answer: full line, no such path', async () => {
  await begin({ settings: { maxQueue: 0 } });
  const refusal = async (path: string) => {
    const socket = open(path);
    socket.on('error', () => undefined);
    const [, response] = await once(socket, 'unexpected-response');
    let body = '';
    for await (const chunk of response) body += chunk;
    return { status: response.statusCode, body };
  };
  expect((await refusal('/nowhere')).status).toBe(404);
  await sidecar.until(({ inFlight }) => inFlight === 0);
  const inside = fetch(`${sidecar.url}/echo?hold=door`);
  await sidecar.model.when((stats) => stats.inFlight === 1);
  const full = await refusal('/ws');
  expect([full.status, JSON.parse(full.body).code]).toEqual([429, 'queue_full']);
  sidecar.model.release('door');
  await inside;
});

test('an upgrade to anything else is ignored: HTTP/1.1 as usual', async () => {
  await begin();
  const connection = await RawConnection.open(sidecar.port);
  connection.send(
    'GET /echo HTTP/1.1',
    'Host: a',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABk',
    '',
    '',
  );
  expect(await connection.until('"path":"/echo"')).toMatch(/^HTTP\/1.1 200 OK/);
  connection.close();
});

/** A container that does with a connection what the test says. */
async function beginBefore(answer: (socket: Socket) => void): Promise<Server> {
  const container = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  }).listen(0, '127.0.0.1');
  await once(container, 'listening');
  const { port } = container.address() as AddressInfo;
  await begin({ settings: { upstream: `http://127.0.0.1:${port}`, healthPath: '' } });
  return container;
}

const upgrade = ['GET /ws HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', '', ''] as const;

test('an answer that is none, cut in the middle, frees the slot', async () => {
  const container = await beginBefore((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this', () => socket.destroy());
  });
  const connection = await RawConnection.open(sidecar.port);
  expect(await connection.send(...upgrade).untilClosed()).toContain('only this');
  await sidecar.until(({ inFlight }) => inFlight === 0);
  container.close();
});

test('a client that leaves before the container has agreed frees the slot', async () => {
  const container = await beginBefore(() => undefined);
  const connection = await RawConnection.open(sidecar.port);
  connection.send(...upgrade);
  await sidecar.until(({ inFlight }) => inFlight === 1);
  connection.close();
  await sidecar.until(({ inFlight }) => inFlight === 0);
  container.close();
});

test('an upgrade of status or result is ignored: they are answered as usual, and the container hears nothing', async () => {
  await begin();
  for (const kind of ['status', 'result']) {
    const connection = await RawConnection.open(sidecar.port);
    connection.send(
      `GET /${kind}/demo HTTP/1.1`,
      'Host: a',
      'X-Inference-Id: nobody',
      'Connection: Upgrade',
      'Upgrade: websocket',
      '',
      '',
    );
    expect(await connection.untilClosed()).toMatch(/^HTTP\/1.1 404 .*inference_not_found/s);
  }
  expect(sidecar.model.stats().total).toBe(0);
});

test('one that found nobody listening waits for the restart, as any request does', async () => {
  await begin();
  sidecar.model.crash();
  const socket = open('/ws');
  const opened = once(socket, 'open');
  await sidecar.until(({ waiting, container }) => waiting === 1 && container === 'unreachable');
  await sidecar.model.restart();
  await opened;
  expect(await echoed(socket, 'hello')).toContain('hello');
  expect((await sidecar.stats()).inFlight).toBe(1);
  socket.close();
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('without health probing there is no restart to wait for: 502', async () => {
  await begin({ settings: { healthPath: '' } });
  sidecar.model.crash();
  const socket = open('/ws');
  const [, response] = await once(socket, 'unexpected-response');
  expect(response.statusCode).toBe(502);
  socket.on('error', () => undefined).terminate();
  await sidecar.until(({ inFlight }) => inFlight === 0);
});
