// Reads the head of a response: status line and header lines. Strict: what RFC 9112 does not allow, or what two readers
// could take in two ways, is refused and not repaired. Pure.
import { isToken, tokenList } from '../../../runtime/fields/list.ts';
import { notHttp } from './fault.ts';

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn, in order and case received, one character a byte. */
  readonly lines: readonly string[];
  /** -1: not given. */
  readonly contentLength: number;
  readonly isChunked: boolean;
  /** The container will take another request on this connection. */
  readonly isKeptAlive: boolean;
  /** What `Keep-Alive: timeout=` promises; -1: nothing. */
  readonly keepAliveSeconds: number;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

export function isFieldValue(text: string): boolean {
  return !NOT_IN_VALUE.test(text);
}

/** `text` is the head without the empty line that ends it, one character a byte. */
export function readHead(text: string): ResponseHead {
  const end = text.indexOf('\r\n');
  const statusLine = STATUS_LINE.exec(end < 0 ? text : text.slice(0, end));
  if (statusLine === null) throw notHttp('its status line is not one of HTTP/1.1');
  const lines = end < 0 ? [] : readFields(text, end + 2);
  const framing = new Framing();
  for (let i = 0; i < lines.length; i += 2) framing.note(lines[i]!, lines[i + 1]!);
  const isOld = statusLine[1] === '0';
  return {
    status: Number(statusLine[2]),
    reason: statusLine[3] ?? '',
    lines,
    contentLength: framing.contentLength,
    isChunked: framing.isChunked,
    // Chunks and HTTP/1.0 do not go together (RFC 9112, 6.1): what follows is not trusted.
    isKeptAlive: isOld ? framing.saysKeepAlive && !framing.isChunked : !framing.saysClose,
    keepAliveSeconds: framing.keepAliveSeconds,
  };
}

/** Field lines from `at` to the end of the text, each ended by CR LF but the last. */
export function readFields(text: string, at: number): string[] {
  const lines: string[] = [];
  for (let start = at; start <= text.length; ) {
    let end = text.indexOf('\r\n', start);
    if (end < 0) end = text.length;
    const colon = text.indexOf(':', start);
    if (colon < 0 || colon > end) throw notHttp('a header line has no colon');
    // A blank before the colon is taken off (RFC 9112, 5.1).
    const name = text.slice(start, lastOf(text, start, colon));
    const value = text.slice(firstOf(text, colon + 1, end), lastOf(text, colon + 1, end));
    // A name that begins with a blank is a folded line, which readers take in different ways.
    if (!isToken(name)) throw notHttp('a header name has characters that are not allowed');
    if (NOT_IN_VALUE.test(value)) throw notHttp(`the value of header ${name} has characters that are not allowed`);
    lines.push(name, value);
    start = end + 2;
  }
  return lines;
}

// Not `trim`: it takes bytes such as 0xA0 for blanks.
function firstOf(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(text.charCodeAt(at))) at++;
  return at;
}

function lastOf(text: string, from: number, to: number): number {
  let at = to;
  while (at > from && isBlank(text.charCodeAt(at - 1))) at--;
  return at < from ? from : at;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** What the header lines say of the body's length and the connection's life. */
class Framing {
  contentLength = -1;
  isChunked = false;
  saysClose = false;
  saysKeepAlive = false;
  keepAliveSeconds = -1;

  /** By length first: most names are none of these. */
  note(name: string, value: string): void {
    const { length } = name;
    if (length === 14 && name.toLowerCase() === 'content-length') this.#length(value);
    else if (length === 17 && name.toLowerCase() === 'transfer-encoding') this.#coding(value);
    else if (length === 10) this.#connection(name.toLowerCase(), value);
  }

  #length(value: string): void {
    if (this.contentLength >= 0) throw notHttp('more than one Content-Length');
    if (this.isChunked) throw notHttp('both Transfer-Encoding and Content-Length');
    if (!/^\d+$/.test(value)) throw notHttp('its Content-Length is not a number of bytes');
    this.contentLength = Number(value);
    if (!Number.isSafeInteger(this.contentLength)) throw notHttp('its Content-Length is more than can be counted');
  }

  #coding(value: string): void {
    if (this.isChunked) throw notHttp('more than one Transfer-Encoding');
    if (this.contentLength >= 0) throw notHttp('both Transfer-Encoding and Content-Length');
    // Any other coding could not be passed on: the field belongs to this connection.
    if (value.toLowerCase() !== 'chunked') throw notHttp('a Transfer-Encoding other than chunked');
    this.isChunked = true;
  }

  #connection(name: string, value: string): void {
    if (name === 'connection') {
      const options = tokenList(value);
      this.saysClose ||= options.includes('close');
      this.saysKeepAlive ||= options.includes('keep-alive');
    } else if (name === 'keep-alive') {
      const seconds = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i.exec(value)?.[1];
      if (seconds !== undefined) this.keepAliveSeconds = Number(seconds);
    }
  }
}
