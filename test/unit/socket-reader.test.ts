// What the traffic port relies on inside Node, held on the pinned one: real sockets read by Node's parser.
import { once } from 'node:events';
import { METHODS } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type HttpWithin, NodeParser } from '../../sidecar/ingress/http/node-parser.ts';
import { type ParsedHead, type ReaderSink, SocketReader } from '../../sidecar/ingress/http/socket-reader.ts';
import { eventually } from '../support/eventually.ts';

const parser = new NodeParser();
const open: (Server | Socket)[] = [];
afterEach(() => {
  for (const each of open.splice(0)) 'close' in each ? each.close() : each.destroy();
});

/** Writes down what it is told; `reacts` may do something about it at once. */
class Notes implements ReaderSink {
  readonly told: string[] = [];
  readonly heads: ParsedHead[] = [];
  body_ = '';
  trailers: readonly string[] = [];
  rest: Buffer | undefined;
  takesUpgrade = false;
  reacts: (event: string) => void = () => undefined;
  failed = (error: unknown): never => {
    throw error;
  };

  begun = (): void => this.#note('begun');
  head = (head: ParsedHead): boolean => {
    this.heads.push(head);
    this.#note('head');
    return head.wantsUpgrade && this.takesUpgrade;
  };
  body = (bytes: Buffer): void => {
    this.body_ += bytes.toString('latin1');
    this.#note('body');
  };
  ended = (trailers: readonly string[]): void => {
    this.trailers = trailers;
    this.#note('ended');
  };
  packetRead = (fault?: NodeJS.ErrnoException): void => this.#note(fault === undefined ? 'read' : `${fault.code}`);
  switched = (rest: Buffer): void => {
    this.rest = rest;
    this.#note('switched');
  };

  #note(event: string): void {
    this.told.push(event);
    this.reacts(event);
  }

  until(event: string, times = 1): Promise<unknown> {
    return eventually(() => {
      const count = this.told.filter((each) => each === event).length;
      if (count < times) throw new Error(`${event} ${count} times among ${this.told}`);
    });
  }
}

async function connected(notes = new Notes()) {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  socket.on('error', () => undefined);
  open.push(server, client, socket);
  return {
    client,
    socket,
    notes,
    reader: new SocketReader(socket, parser, { maxHeaderBytes: 16_384, maxHeaders: 200 }, notes),
  };
}

test('it reads every method that Node knows by its name', async () => {
  const { client, notes } = await connected();
  const methods = METHODS.filter((name) => name !== 'CONNECT');
  for (const name of methods) client.write(`${name} /${name} HTTP/1.1\r\n\r\n`);
  await notes.until('head', methods.length);
  expect(notes.heads.map(({ method, url }) => `/${method}` === url)).toEqual(methods.map(() => true));
});

test('head, body and trailers are told as they came, then that the packet is read', async () => {
  const { client, notes } = await connected();
  client.write('POST /a?b HTTP/1.1\r\nX-B: 1\r\nx-a:  \xe9 \r\nX-B: 2\r\nTransfer-Encoding: chunked\r\n\r\n', 'latin1');
  await notes.until('read');
  client.write('2\r\nhi\r\n3\r\n yo\r\n0\r\nX-T: t\r\n\r\n');
  await notes.until('ended');
  await notes.until('read', 2);
  expect(notes.told).toEqual(['begun', 'head', 'read', 'body', 'body', 'ended', 'read']);
  expect(notes.heads[0]).toEqual({
    ...{
      method: 'POST',
      url: '/a?b',
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      wantsUpgrade: false,
      isKeptAlive: true,
    },
    rawHeaders: ['X-B', '1', 'x-a', '\xe9', 'X-B', '2', 'Transfer-Encoding', 'chunked'],
  });
  expect([notes.body_, notes.trailers]).toEqual(['hi yo', ['X-T', 't']]);
});

test('heads of more lines than the parser keeps come whole, in one packet and byte by byte, one after the other', async () => {
  const { client, notes } = await connected();
  const lines = Array.from({ length: 100 }, (_, i) => `X-${i}: ${i}`);
  const head = `GET /${'long'.repeat(50)} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  client.setNoDelay(true).write(head);
  await notes.until('head');
  for (const byte of head) {
    client.write(byte);
    await new Promise(setImmediate);
  }
  client.write('GET /short HTTP/1.1\r\nA: b\r\n\r\n');
  await notes.until('head', 3);
  for (const { url, rawHeaders } of notes.heads.slice(0, 2)) {
    expect(url).toBe(`/${'long'.repeat(50)}`);
    expect(rawHeaders).toEqual(lines.flatMap((line) => line.split(': ')));
  }
  expect([notes.heads[2]!.url, notes.heads[2]!.rawHeaders]).toEqual(['/short', ['A', 'b']]);
});

test.each([
  ['bytes that are not HTTP', 'nonsense\r\n\r\n', 'HPE_INVALID_METHOD'],
  ['a head over the limit', `GET / HTTP/1.1\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`, 'HPE_HEADER_OVERFLOW'],
  ['two lengths', 'GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n', 'HPE_UNEXPECTED_CONTENT_LENGTH'],
  ['a bare LF', 'GET / HTTP/1.1\nA: b\r\n\r\n', 'HPE_INVALID_VERSION'],
])('%s: a fault, and nothing more is told', async (_, bytes, code) => {
  const { client, notes } = await connected();
  client.write(bytes);
  await notes.until(code);
  client.write('GET /after HTTP/1.1\r\n\r\n');
  await notes.until(code, 2);
  expect(notes.heads.filter(({ url }) => url === '/after')).toEqual([]);
});

test('stopped it reads nothing, and goes on where it was', async () => {
  const { client, notes, reader } = await connected();
  client.write('POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na');
  await notes.until('body');
  reader.stop();
  client.write('b');
  const other = await connected();
  other.client.write('GET / HTTP/1.1\r\n\r\n');
  await other.notes.until('head');
  expect(notes.body_).toBe('a');
  reader.go();
  await notes.until('ended');
  expect(notes.body_).toBe('ab');
});

test('released, the socket is its listeners’ again, from the first byte behind what was read', async () => {
  const { client, socket, notes, reader } = await connected();
  notes.takesUpgrade = true;
  let later = '';
  notes.reacts = (event) => {
    if (event !== 'switched') return;
    reader.release();
    socket.on('data', (bytes) => {
      later += bytes;
    });
  };
  client.write('GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nbehind');
  await notes.until('switched');
  client.write('GET / HTTP/1.1\r\n\r\n');
  await eventually(() => expect(later).toBe('GET / HTTP/1.1\r\n\r\n'));
  expect([notes.rest?.toString(), notes.heads.length]).toEqual(['behind', 1]);
});

test('behind an upgrade that is not taken up, requests of the same packet are read too', async () => {
  const { client, notes } = await connected();
  const upgrade = 'GET /u HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
  client.write(`${upgrade}POST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi${upgrade}GET /c HTTP/1.1\r\n\r\n`);
  await notes.until('head', 4);
  await notes.until('read');
  expect(notes.heads.map(({ url }) => url)).toEqual(['/u', '/b', '/u', '/c']);
  expect(notes.body_).toBe('hi');
});

test('the end in the middle of a request is a fault, between two it is none', async () => {
  const middle = await connected();
  middle.client.end('GET / HT');
  await once(middle.socket, 'end');
  expect(middle.reader.finish()?.code).toBe('HPE_INVALID_EOF_STATE');
  const between = await connected();
  between.client.end('GET / HTTP/1.1\r\n\r\n');
  await once(between.socket, 'end');
  expect(between.reader.finish()).toBeUndefined();
});

test.each(['begun', 'head', 'body', 'ended', 'read'])(
  'a socket that is destroyed inside `%s` is done with',
  async (when) => {
    const notes = new Notes();
    const { client, socket, reader } = await connected(notes);
    const closed = once(socket, 'close');
    notes.reacts = (event) => {
      if (event === when) socket.destroy();
    };
    client.write('POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET /next HTTP/1.1\r\n\r\n');
    await closed;
    reader.release();
    reader.stop();
    reader.go();
    expect(reader.finish()).toBeUndefined();
  },
);

test('a Node that is made otherwise is named when the program starts', () => {
  const within = process.getBuiltinModule('node:_http_common') as HttpWithin;
  class Other {}
  class Silent extends (within.HTTPParser!) {
    override execute(): number {
      return 0;
    }
  }
  expect(() => new NodeParser({})).toThrow(/has no HTTPParser as this program knows it: run it with the Node/);
  expect(() => new NodeParser({ ...within, HTTPParser: Other as never })).toThrow(/no HTTPParser.initialize/);
  expect(() => new NodeParser({ ...within, HTTPParser: Silent })).toThrow(/no HTTPParser that reads DELETE/);
});
