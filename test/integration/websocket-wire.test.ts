// A WebSocket's handshake and bytes on the wire: what the client sends reaches the container as it came, whatever the container answers
// reaches the client, and nothing of it ends the process or stays behind.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { RawConnection } from '../support/raw-http.ts';
import { type ScriptedContainer, startScriptedContainer } from '../support/scripted-container.ts';
import { type SidecarSetup, startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
let container: ScriptedContainer;
const closeAll: (() => void)[] = [];
afterEach(async () => {
  for (const close of closeAll.splice(0)) close();
  // First: it has been told of ends that it never answers, which the drain would wait for.
  container.close();
  await sidecar.close();
});

async function begin(answer: (socket: Socket) => void, settings: SidecarSetup['settings'] = {}): Promise<void> {
  container = await startScriptedContainer(answer);
  sidecar = await startSidecar({ settings: { upstream: container.upstream, healthPath: '', ...settings } });
}

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const say = (bytes: string) => (socket: Socket) => void socket.write(bytes, 'latin1');
const asking = (target: string, ...lines: readonly string[]) =>
  [`GET ${target} HTTP/1.1`, 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', ...lines, '', ''].join('\r\n');

async function connect(bytes = asking('/ws')): Promise<RawConnection> {
  const connection = await RawConnection.open(sidecar.port);
  closeAll.push(() => connection.close());
  return connection.write(bytes);
}

const nothingStays = () => sidecar.until(({ inFlight, waiting }) => inFlight === 0 && waiting === 0);

describe('the target reaches the container byte for byte', () => {
  test.each([
    ['two slashes at the front', '//a'],
    ['an address inside of the path', '/tunnel/ws://h/x'],
    ['a backslash', '/a\\b'],
    ['slashes in the query', '/a?u=http://h//x'],
    ['an empty query', '/a?'],
    ['dots', '/a/../b/./c'],
    ['blanks, quotes and braces, escaped and not', '/a%20b"{}|^`<>'],
    ['an escape that is none', '/%zz%'],
    ['a semicolon and an @', '/;x=1@h:80'],
  ])('%s', async (_, target) => {
    await begin(say(SWITCH));
    await (await connect(asking(target))).until('101');
    expect((await container.head()).split('\r\n')[0]).toBe(`GET ${target} HTTP/1.1`);
  });
});

test('header lines reach the container as they came, in their order and case, but for those of one connection', async () => {
  const lines = [
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'x-A: 1',
    'Sec-WebSocket-Protocol: chat',
    'X-a: caf\xe9',
    'Sec-WebSocket-Protocol: superchat',
    'COOKIE: a=1',
    'x-A: 2',
    'Cookie: b=2',
    'constructor: 1',
    '__proto__: 2',
  ];
  await begin(say(SWITCH));
  await (await connect(asking('/ws', ...lines, 'Trailer: X', 'Keep-Alive: 1', 'Content-Length: 0'))).until('101');
  const received = (await container.head())
    .split('\r\n')
    .filter((line) => !/^(x-forwarded|traceparent|via)/i.test(line));
  expect(received).toEqual([
    'GET /ws HTTP/1.1',
    'Host: a',
    ...lines,
    'Connection: Upgrade',
    'Upgrade: websocket',
    '',
    '',
  ]);
});

test.each(['Content-Length: 5', 'Transfer-Encoding: chunked'])(
  'an upgrade with a body (%s) is refused, and the container hears nothing of it',
  async (framing) => {
    await begin(say(SWITCH));
    const connection = await connect(`${asking('/ws', framing)}hello`);
    expect(await connection.untilClosed()).toMatch(/^HTTP\/1.1 400 .*"code":"malformed_request"/s);
    expect(() => container.socket).toThrow('nobody');
    await nothingStays();
  },
);

test('header lines of a 101 reach the client as they came, but for those of one connection', async () => {
  const lines = ['Set-Cookie: a=1', 'sec-websocket-ACCEPT: x', 'Set-Cookie: b=2', 'X-Latin: caf\xe9', '1: one'];
  const ofOne = [
    'Trailer: X',
    'Content-Length: 0',
    'Keep-Alive: timeout=5',
    'Connection: upgrade, x-gone',
    'X-Gone: 1',
  ];
  await begin(say(['HTTP/1.1 101 Odd', 'upgrade: WebSocket', ...ofOne, ...lines, '', ''].join('\r\n')));
  const [head = ''] = (await (await connect()).until('\r\n\r\n')).split('\r\n\r\n');
  const received = head.split('\r\n').filter((line) => !/^(x-inference-id|server-timing)/i.test(line));
  expect(received.sort()).toEqual(
    ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: WebSocket', ...lines].sort(),
  );
});

describe('an answer other than 101 passes as to any request', () => {
  const long = 'x'.repeat(300_000);
  test.each<[string, string, RegExp]>([
    ['200 with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', /^HTTP\/1.1 200 OK\r\n.*\r\n\r\nhi$/s],
    ['chunks', 'HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n', /^HTTP\/1.1 400 .*hi/s],
    [
      'trailers',
      'HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n0\r\nT: 1\r\n\r\n',
      /\r\nT: 1\r\n\r\n$/,
    ],
    [
      'a redirect',
      'HTTP/1.1 307 T\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n',
      /^HTTP\/1.1 307 T\r\nLocation: \/b\r\n/,
    ],
    [
      '401 with a challenge',
      'HTTP/1.1 401 U\r\nWWW-Authenticate: B\r\nContent-Length: 0\r\n\r\n',
      /^HTTP\/1.1 401 U\r\nWWW/,
    ],
    ['426', 'HTTP/1.1 426 U\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1.1 426 U\r\nSec-W/],
    ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', /^HTTP\/1.1 204 .*\r\n\r\n$/s],
    ['a long body', `HTTP/1.1 500 E\r\nContent-Length: ${long.length}\r\n\r\n${long}`, /x{1000}$/],
    [
      'hints before it',
      'HTTP/1.1 103 H\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      /^HTTP\/1.1 103 H\r\nLink: a\r\n\r\nHTTP\/1.1 200/,
    ],
    [
      'interim responses before a 101',
      `HTTP/1.1 100 C\r\n\r\nHTTP/1.1 102 P\r\n\r\n${SWITCH}`,
      /^HTTP\/1.1 102 P\r\n\r\nHTTP\/1.1 101 /,
    ],
    ['HTTP/1.0', 'HTTP/1.0 403 F\r\n\r\nhi', /^HTTP\/1.1 403 F\r\n.*hi/s],
  ])('%s', async (_, bytes, answer) => {
    await begin((socket) => {
      socket.write(bytes, 'latin1');
      if (bytes.startsWith('HTTP/1.0')) socket.end();
      socket.on('end', () => socket.end());
    });
    const connection = await connect();
    const said = bytes.includes(' 101 ') ? await connection.until(' 101 ') : await connection.untilClosed();
    expect(said).toMatch(answer);
    connection.close();
    await nothingStays();
  });
});

describe('an answer that is none is 502', () => {
  test.each([
    ['a control byte in the reason phrase', 'HTTP/1.1 200 a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['a control byte in the reason phrase of a 101', SWITCH.replace('Switching', 'S\x07')],
    ['a NUL in a value of a 101', SWITCH.replace('\r\n\r\n', '\r\nX: a\x00b\r\n\r\n')],
    ['101 to another protocol', SWITCH.replace('websocket', 'h2c')],
    ['101 to nothing', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n'],
    ['bare LF', SWITCH.replaceAll('\r', '')],
    ['no HTTP', 'hello\r\n\r\n'],
    ['more interim responses than a client waits for', 'HTTP/1.1 102 P\r\n\r\n'.repeat(1_001)],
  ])('%s', async (_, bytes) => {
    await begin(say(bytes));
    expect(await (await connect()).untilClosed()).toMatch(/HTTP\/1.1 502 .*"code":"upstream_invalid"/s);
    await nothingStays();
  });

  test.each([
    ['half a head', 'HTTP/1.1 101 Switching Proto'],
    ['nothing', ''],
  ])('%s, and then the end', async (_, bytes) => {
    await begin((socket) => void socket.end(bytes));
    expect(await (await connect()).untilClosed()).toMatch(/^HTTP\/1.1 502 .*"code":"upstream_reset"/s);
    await nothingStays();
  });
});

test.each([
  ['nothing', ''],
  ['half a head', 'HTTP/1.1 101 Switching Proto'],
  ['a hint', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
])('a container that answers with %s until the deadline: 504, and its late answer is nobody’s', async (_, bytes) => {
  await begin(say(bytes), { requestTtlSeconds: 1 });
  const connection = await connect();
  const late = once(await eventually(() => container.socket), 'close');
  expect(await connection.untilClosed()).toMatch(/HTTP\/1.1 504 .*"code":"upstream_timeout"/s);
  container.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  container.socket.end();
  await late;
  await nothingStays();
});

test('a container that answers 200 around the deadline is answered once, whichever is first', async () => {
  await begin((socket) => void setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'), 993), {
    requestTtlSeconds: 1,
    concurrency: 50,
  });
  const connections = await Promise.all(Array.from({ length: 50 }, () => connect()));
  for (const connection of connections) {
    expect((await connection.untilClosed()).match(/HTTP\/1\.1 (200|504)/g)).toHaveLength(1);
  }
  await nothingStays();
});

test('what either side sends behind its head, in one packet with it, is the first of the WebSocket', async () => {
  await begin(say(`${SWITCH}from the container`));
  const connection = await connect(`${asking('/ws')}too`);
  connection.write(' early');
  expect((await connection.until('from the container')).split('\r\n\r\n')[1]).toBe('from the container');
  await eventually(() => expect(container.received.toString()).toMatch(/\r\n\r\ntoo early$/));
});

test('a client that sends much before it may is cut off', async () => {
  await begin(() => undefined);
  const connection = await connect(asking('/ws') + 'x'.repeat(200_000));
  await connection.untilClosed();
  await nothingStays();
});

test('a client that ends its direction still reads to the end of the other', async () => {
  await begin(say(SWITCH));
  const connection = await connect();
  await connection.until('101');
  connection.socket.end('last');
  await eventually(() => expect(container.received.toString()).toMatch(/\r\n\r\nlast$/));
  await eventually(() => expect(container.socket.readableEnded).toBe(true));
  container.socket.end('words');
  expect(await connection.untilClosed()).toMatch(/\r\n\r\nwords$/);
  expect(connection.error).toBeUndefined();
  await nothingStays();
});

test('a client that has ended its direction, and to whom the container says nothing more, is not waited for', async () => {
  await begin(say(SWITCH), { idleTimeoutSeconds: 600 });
  const connection = await connect();
  await connection.until('101');
  connection.close();
  await eventually(nothingStays, { deadlineMs: 15_000, everyMs: 500 });
}, 20_000);

test('a container that ends its direction still reads to the end of the other', async () => {
  await begin((socket) => void socket.end(`${SWITCH}words`));
  const connection = await RawConnection.open(sidecar.port);
  connection.socket.removeAllListeners('end');
  connection.write(asking('/ws'));
  await connection.until('words');
  await eventually(() => expect(connection.socket.readableEnded).toBe(true));
  connection.socket.end('last');
  await eventually(() => expect(container.received.toString()).toMatch(/\r\n\r\nlast$/));
  await nothingStays();
});

test('a container that breaks ends the client’s side, and the slot is free', async () => {
  await begin(say(SWITCH));
  const connection = await connect();
  await connection.until('101');
  container.socket.resetAndDestroy();
  await connection.untilClosed();
  await nothingStays();
});

test('a client that breaks ends the container’s side', async () => {
  await begin(say(SWITCH));
  const connection = await connect();
  await connection.until('101');
  const ended = once(container.socket, 'end');
  connection.socket.resetAndDestroy();
  await ended;
  await nothingStays();
});

const MEBIBYTE = Buffer.alloc(1024 * 1024, 'm');

/** Writes until the other side takes no more, and returns how much it took. */
async function writtenUntilFull(socket: Socket): Promise<number> {
  let written = 0;
  for (;;) {
    const drained = new Promise<true>((resolve) => {
      if (socket.write(MEBIBYTE)) resolve(true);
      else socket.once('drain', () => resolve(true));
    });
    if (!(await Promise.race([drained, new Promise<false>((resolve) => setTimeout(() => resolve(false), 500))]))) {
      return written;
    }
    written += MEBIBYTE.length;
    if (written > 200 * MEBIBYTE.length) return written;
  }
}

test('a client that does not read makes the container wait, and is cut off after the idle timeout', async () => {
  await begin(say(SWITCH), { idleTimeoutSeconds: 2 });
  const connection = await connect();
  await connection.until('101');
  connection.socket.pause();
  expect(await writtenUntilFull(container.socket)).toBeLessThan(30 * MEBIBYTE.length);
  await nothingStays();
});

test('a container that does not read makes the client wait, and is cut off after the idle timeout', async () => {
  await begin(say(SWITCH), { idleTimeoutSeconds: 2 });
  const connection = await connect();
  await connection.until('101');
  container.socket.pause();
  expect(await writtenUntilFull(connection.socket)).toBeLessThan(30 * MEBIBYTE.length);
  await nothingStays();
});

test('a container that floods a client that does not read with hints is made to wait too', async () => {
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: ${'l'.repeat(60_000)}\r\n\r\n`;
  await begin(() => undefined);
  const connection = await connect('GET /hints HTTP/1.1\r\nHost: a\r\n\r\n');
  connection.socket.pause();
  await container.head();
  let drains = 0;
  const write = () => {
    while (drains < 999 && container.socket.write(hint)) drains++;
  };
  container.socket.on('drain', () => {
    drains++;
    write();
  });
  write();
  let before = -1;
  while (before !== container.socket.bytesWritten - container.socket.writableLength) {
    before = container.socket.bytesWritten - container.socket.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(before).toBeLessThan(30 * MEBIBYTE.length);
});
