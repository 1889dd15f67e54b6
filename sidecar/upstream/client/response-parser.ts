// Reads responses from the bytes of one connection and tells of their parts as they come. Holds back no data: only heads,
// and lines of the chunked framing, are gathered until they are whole.
import { ChunkedBody } from './chunked-body.ts';
import { ClientFault, notHttp } from './fault.ts';
import { type ResponseHead, readHead } from './response-head.ts';

/** Told of a response in this order. What throws here ends the connection. */
export interface ResponseSink {
  /** Zero or more interim responses: 102, 103. */
  interim(head: ResponseHead): void;
  /** 101, where an upgrade was asked for. `rest` came behind it, and is lent; the parser reads no more. */
  switched(head: ResponseHead, rest: Buffer): void;
  head(head: ResponseHead): void;
  /** The bytes are lent: they are overwritten once the packet they came in is read. */
  data(bytes: Buffer): void;
  /** The response is complete. `isClean`: the connection may take another request. */
  end(trailers: readonly string[], isClean: boolean): void;
}

const MAX_HEAD_BYTES = 64 * 1024;
/** Most heads are shorter than this and come with their body: no more is looked at than needed. */
const USUAL_HEAD_BYTES = 2 * 1024;

/** Of one response. A server that announces its progress each second for a quarter of an hour is within it. */
const MAX_INTERIM = 1_000;

const BARE_LF = /(?<!\r)\n/;

type State = 'idle' | 'head' | 'length' | 'chunks' | 'until close';

const NO_TRAILERS: readonly string[] = [];

export class ResponseParser {
  readonly #sink: ResponseSink;
  readonly #data: (bytes: Buffer) => void;
  #state: State = 'idle';
  #isHead = false;
  #isUpgrade = false;
  #interims = 0;
  /** Of the head so far. */
  #text = '';
  /** Bytes of the body still to come. */
  #left = 0;
  #chunks: ChunkedBody | undefined;
  #isClean = false;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
    this.#data = (bytes) => sink.data(bytes);
  }

  /** The next bytes answer a request with this method, which may have asked for an upgrade. */
  expect(method: string, isUpgrade: boolean): void {
    this.#state = 'head';
    this.#isHead = method === 'HEAD';
    this.#isUpgrade = isUpgrade;
    this.#interims = 0;
  }

  /** Some bytes of the response have come. */
  get hasBegun(): boolean {
    return this.#state !== 'head' || this.#text !== '';
  }

  /** The first `length` bytes. Throws what is wrong with them. */
  read(bytes: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      if (this.#state === 'head') {
        at = this.#readHead(bytes, at, length);
      } else if (this.#state === 'length') {
        const end = Math.min(length, at + this.#left);
        this.#left -= end - at;
        this.#sink.data(bytes.subarray(at, end));
        at = end;
        if (this.#left === 0) this.#end(NO_TRAILERS, at === length);
      } else if (this.#state === 'chunks') {
        const chunks = this.#chunks!;
        at = chunks.read(bytes, at, length, this.#data);
        if (chunks.isComplete) this.#end(chunks.trailers(), at === length);
      } else if (this.#state === 'until close') {
        this.#sink.data(bytes.subarray(at, length));
        return;
      } else {
        // The surplus is the business of `end`, which was told.
        return;
      }
    }
  }

  /** The container sends no more. True where that ends a response as it should. */
  finish(): boolean {
    if (this.#state !== 'until close') return false;
    this.#end(NO_TRAILERS, false);
    return true;
  }

  #readHead(bytes: Buffer, from: number, to: number): number {
    const before = this.#text.length;
    const limit = before === 0 ? Math.min(to, from + USUAL_HEAD_BYTES) : to;
    this.#text += bytes.toString('latin1', from, limit);
    const end = this.#text.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (end > MAX_HEAD_BYTES || (end < 0 && this.#text.length > MAX_HEAD_BYTES)) throw notHttp('its head is too large');
    if (end < 0) {
      // Without CR it would never end, and the caller wait for it until its deadline.
      if (BARE_LF.test(this.#text)) throw notHttp('a line of its head does not end with CR LF');
      return limit;
    }
    const head = readHead(this.#text.slice(0, end));
    this.#text = '';
    const at = from + end + 4 - before;
    if (head.status >= 200) this.#begin(head, at === to);
    else if (head.status === 101) return this.#switch(head, bytes, at, to);
    else this.#interim(head);
    return at;
  }

  #interim(head: ResponseHead): void {
    if (++this.#interims > MAX_INTERIM) throw notHttp(`more than ${MAX_INTERIM} interim responses`);
    // 100 was for whoever sent `Expect`, which is not sent on.
    if (head.status !== 100) this.#sink.interim(head);
  }

  /** The rest of the connection is not HTTP. */
  #switch(head: ResponseHead, bytes: Buffer, from: number, to: number): number {
    if (!this.#isUpgrade) throw notHttp('it switches protocols unasked');
    if (!switchesToWebSocket(head)) throw notHttp('its 101 does not say "Upgrade: websocket"');
    this.#state = 'idle';
    this.#sink.switched(head, bytes.subarray(from, to));
    return to;
  }

  #begin(head: ResponseHead, isAll: boolean): void {
    const { status, contentLength, isChunked } = head;
    const isEmpty = this.#isHead || status === 204 || status === 304;
    // Content where there may be none would be read as the next response.
    const isDoubtful = status === 204 || status === 304 ? contentLength > 0 || isChunked : false;
    this.#isClean = head.isKeptAlive && (!isDoubtful || this.#isHead);
    this.#sink.head(head);
    if (isEmpty || contentLength === 0) {
      this.#end(NO_TRAILERS, isAll);
    } else if (isChunked) {
      this.#chunks = new ChunkedBody();
      this.#state = 'chunks';
    } else if (contentLength > 0) {
      this.#left = contentLength;
      this.#state = 'length';
    } else {
      this.#state = 'until close';
    }
  }

  /** `isAll`: nothing came behind it. */
  #end(trailers: readonly string[], isAll: boolean): void {
    const isClean = this.#isClean && isAll && this.#state !== 'until close';
    this.#state = 'idle';
    this.#chunks = undefined;
    this.#sink.end(trailers, isClean);
  }
}

/** A server may only switch to what it was asked for, and has to say so (RFC 9110, 7.8). */
function switchesToWebSocket({ lines }: ResponseHead): boolean {
  for (let i = 0; i < lines.length; i += 2) {
    if (lines[i]!.toLowerCase() === 'upgrade' && lines[i + 1]!.toLowerCase() === 'websocket') return true;
  }
  return false;
}

export function cutShort(parser: ResponseParser): ClientFault {
  return new ClientFault(
    'CLOSED',
    parser.hasBegun ? 'closed in the middle of its response' : 'closed before its response',
  );
}
