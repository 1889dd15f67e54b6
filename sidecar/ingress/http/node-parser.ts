// Node's own HTTP/1.1 parser (llhttp, strict) on a client's socket, as node:http uses it, without the streams and objects that
// node:http makes for each request. The one file that knows what Node keeps inside: `HTTPParser` of node:_http_common (its slots,
// when it calls them, what it answers), and a socket's `_handle` (`reading`, `readStart`, `readStop`).
// Looked at when the program starts; a test holds all of it on the pinned Node.
import type { Socket } from 'node:net';

/** Told what is read, while the parser is at work: takes note, and does nothing else before `packetRead`. */
export interface ParserSink {
  /** The first byte of a head. */
  begun(): void;
  /** True: what follows on this connection is another protocol. */
  head(head: ParsedHead): boolean;
  body(bytes: Buffer): void;
  ended(trailers: readonly string[]): void;
  /** The parser rests: all of one packet has been told. `fault`: it is not HTTP, and nothing more will be told. */
  packetRead(fault: ParserFault | undefined): void;
  /** The parser rests for good behind the head of an upgrade that is taken up; `rest` came behind it. */
  switched(rest: Buffer): void;
}

export interface ParsedHead {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn, in order and case received, one character a byte. */
  readonly rawHeaders: readonly string[];
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly wantsUpgrade: boolean;
  readonly isKeptAlive: boolean;
}

/** What llhttp objects to: `code` is one of its HPE_ words. */
export type ParserFault = NodeJS.ErrnoException & { readonly reason?: string };

interface Parser {
  [slot: number]: unknown;
  initialize(kind: number, resource: object, maxHeaderBytes: number, lenientFlags: number): void;
  execute(bytes: Uint8Array): number | ParserFault;
  finish(): ParserFault | undefined;
  consume(handle: object): void;
  unconsume(): void;
  /** In `kOnExecute` only: a copy of the packet. */
  getCurrentBuffer(): Buffer;
  close(): void;
  // Ours.
  sink: ParserSink;
  methods: readonly string[];
  /** Long heads, and trailers, come in parts. */
  lines: string[];
  url: string;
  wantsUpgrade: boolean;
  isSwitched: boolean;
  /** Behind an upgrade the parser leaves the rest of the packet alone, whether or not it was taken up. */
  leavesRest: boolean;
}

interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly kOnMessageBegin: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
  readonly kOnExecute: number;
}

type SocketWithin = Socket & {
  readonly _handle?: { reading: boolean; readStart(): number; readStop(): number } | null;
};

const STRICT = 0;
const NO_LINES: readonly string[] = [];
const UPGRADE = 2;

/** Where sockets get their parser from. */
export class NodeParser {
  readonly #Parser: ParserClass;
  readonly #methods: readonly string[];

  /** Throws where this Node is made otherwise. */
  constructor() {
    const within = process.getBuiltinModule('node:_http_common') as { HTTPParser?: ParserClass; methods?: string[] };
    if (typeof within?.HTTPParser !== 'function' || !Array.isArray(within.methods)) throw unfit('HTTPParser');
    this.#Parser = within.HTTPParser;
    const asked = ['initialize', 'execute', 'finish', 'consume', 'unconsume', 'getCurrentBuffer', 'close'] as const;
    for (const name of asked) if (typeof this.#Parser.prototype[name] !== 'function') throw unfit(`HTTPParser.${name}`);
    this.#methods = methodsByNumber(this.#Parser, within.methods);
  }

  /** From now on the parser gets what the socket reads; the socket's listeners hear of its end only. */
  read(socket: Socket, maxHeaderBytes: number, sink: ParserSink): SocketReader {
    const parser = new this.#Parser();
    parser.initialize(this.#Parser.REQUEST, sink, maxHeaderBytes, STRICT);
    Object.assign(parser, { sink, methods: this.#methods, lines: [], url: '' });
    Object.assign(parser, { wantsUpgrade: false, isSwitched: false, leavesRest: false });
    parser[this.#Parser.kOnMessageBegin] = onMessageBegin;
    parser[this.#Parser.kOnHeaders] = onHeaders;
    parser[this.#Parser.kOnHeadersComplete] = onHeadersComplete;
    parser[this.#Parser.kOnBody] = onBody;
    parser[this.#Parser.kOnMessageComplete] = onMessageComplete;
    parser[this.#Parser.kOnExecute] = onExecute;
    return new SocketReader(parser, socket);
  }
}

/** A socket that a parser reads, until it is released. */
export class SocketReader {
  readonly #parser: Parser;
  readonly #socket: SocketWithin;
  #isReleased = false;

  constructor(parser: Parser, socket: SocketWithin) {
    this.#parser = parser;
    this.#socket = socket;
    const handle = socket._handle;
    if (typeof handle?.readStart !== 'function' || typeof handle.readStop !== 'function') throw unfit('Socket._handle');
    parser.consume(handle);
  }

  /** What comes stays in the kernel, until its sender waits. That it has left is not noticed meanwhile. */
  stop(): void {
    const handle = this.#socket._handle;
    if (!handle?.reading) return;
    handle.reading = false;
    handle.readStop();
  }

  go(): void {
    const handle = this.#socket._handle;
    if (!handle || handle.reading) return;
    handle.reading = true;
    handle.readStart();
  }

  /** Nothing more comes: a fault where that is in the middle of a request. */
  finish(): ParserFault | undefined {
    return this.#isReleased ? undefined : this.#parser.finish();
  }

  /** What the socket reads is its listeners' again, if it is still there. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#parser.unconsume();
    // Its memory is freed by that: not while its own code may be on the stack.
    setImmediate(close, this.#parser);
  }
}

function onMessageBegin(this: Parser): void {
  this.sink.begun();
}

function onHeaders(this: Parser, lines: readonly string[], url: string): void {
  for (const line of lines) this.lines.push(line);
  this.url += url;
}

function onHeadersComplete(
  this: Parser,
  httpVersionMajor: number,
  httpVersionMinor: number,
  lines: readonly string[] | undefined,
  method: number,
  url: string | undefined,
  _status: undefined,
  _reason: undefined,
  wantsUpgrade: boolean,
  isKeptAlive: boolean,
): number {
  // Undefined: they came in parts.
  const rawHeaders = lines ?? this.lines;
  const target = url ?? this.url;
  if (lines === undefined) this.lines = [];
  this.url = '';
  this.wantsUpgrade = wantsUpgrade;
  const name = this.methods[method] ?? '';
  this.isSwitched = this.sink.head({
    ...{ method: name, url: target, rawHeaders, httpVersionMajor, httpVersionMinor, wantsUpgrade, isKeptAlive },
  });
  return this.isSwitched ? UPGRADE : 0;
}

function onBody(this: Parser, bytes: Buffer): void {
  this.sink.body(bytes);
}

function onMessageComplete(this: Parser): void {
  this.leavesRest = this.wantsUpgrade;
  const trailers = this.lines.length === 0 ? NO_LINES : this.lines;
  if (trailers !== NO_LINES) this.lines = [];
  this.url = '';
  this.sink.ended(trailers);
}

function onExecute(this: Parser, outcome: number | ParserFault): void {
  let read = outcome;
  if (this.leavesRest && typeof read === 'number') {
    let rest = this.getCurrentBuffer().subarray(read);
    while (this.leavesRest && typeof read === 'number') {
      if (this.isSwitched) {
        this.sink.switched(rest);
        return;
      }
      this.leavesRest = false;
      // Without bytes it would take it for the end of the connection.
      if (rest.length === 0) break;
      read = this.execute(rest);
      if (typeof read === 'number') rest = rest.subarray(read);
    }
  }
  this.sink.packetRead(typeof read === 'number' ? undefined : read);
}

function close(parser: Parser): void {
  parser.close();
}

/** llhttp says a method by a number of its own: each is asked for once. */
function methodsByNumber(Parser: ParserClass, methods: readonly string[]): readonly string[] {
  const byNumber: string[] = [];
  for (const name of methods) {
    const parser = new Parser();
    parser.initialize(Parser.REQUEST, parser, 1_000, STRICT);
    parser[Parser.kOnHeadersComplete] = (...[, , , method]: Parameters<typeof onHeadersComplete>) => {
      byNumber[method] = name;
      return 0;
    };
    parser.execute(Buffer.from(`${name} ${name === 'CONNECT' ? 'a:1' : '/'} HTTP/1.1\r\n\r\n`));
    parser.close();
  }
  for (const name of methods) if (!byNumber.includes(name)) throw unfit(`HTTPParser that reads ${name}`);
  return byNumber;
}

function unfit(what: string): Error {
  return new Error(
    `Node ${process.version} has no ${what} as this program knows it: run it with the Node it was built for`,
  );
}
