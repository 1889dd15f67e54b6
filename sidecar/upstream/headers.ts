// Which header lines cross the proxy, in both directions: all of them, in order and case, but those that belong to one
// connection (RFC 9110, 7.6.1), those the connection to the container makes itself, and those we add. Pure.
import type { IncomingHttpHeaders } from 'node:http';
import { splitList, tokenList } from '../../runtime/fields/list.ts';
import type { RawHeaders } from '../store/record.ts';
import { newTraceParent } from './trace.ts';

/** Of one connection only, whether or not `Connection` names them. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade']);

/** In requests also: what the proxy answers itself. */
const NOT_TO_CONTAINER = new Set([
  ...HOP_BY_HOP,
  'expect',
  'proxy-authorization',
  'http2-settings',
  // Written anew below, continuing what they say.
  'x-forwarded-for',
  'forwarded',
  // Ours alone: applications build addresses from it.
  'x-forwarded-prefix',
]);

/** What a container takes from us, or from a header that we check: who, where, how long. */
const RELIED_ON = new Set([
  ...NOT_TO_CONTAINER,
  'content-length',
  'host',
  'trailer',
  'authorization',
  'cookie',
  'prefer',
  'traceparent',
  'x-inference-id',
  'x-forwarded-host',
  'x-forwarded-proto',
]);

/** Fields that no sender may put behind a body (RFC 9110, 6.5.1): whoever merges them there would be told otherwise too late. */
const NEVER_IN_TRAILERS = [
  'age',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'expires',
  'location',
  'max-forwards',
  'pragma',
  'range',
  'retry-after',
  'set-cookie',
  'trailer',
  'vary',
  'warning',
  'www-authenticate',
] as const;

const NOT_IN_TRAILERS = new Set([...RELIED_ON, ...NEVER_IN_TRAILERS]);

/** Names that `Connection` may not take away: a client could strip what the container relies on. */
const NEVER_NOMINATED = new Set(['host', 'content-length', 'content-type', 'authorization', 'cookie', 'close']);

/** The request as it came in. An exchange is one. */
export interface Arrived {
  readonly request: {
    readonly rawHeaders: RawHeaders;
    readonly headers: IncomingHttpHeaders;
    readonly httpVersionMinor: number;
    readonly method: string;
  };
  readonly remoteAddress: string;
  /** Host and port of a target in absolute form, in the place of the client's `Host`; else empty. */
  readonly authority: string;
  /** The public form's `/<name>`, which the container does not see in its path; else empty. */
  readonly prefix: string;
  /** Takes the place of the client's, where requests are traced. */
  readonly traceParent?: string | undefined;
}

export interface HeaderChanges {
  /** Lower-case names left out beyond the hop-by-hop ones. */
  readonly without: readonly string[];
  /** Names and values in turn. */
  readonly added: readonly string[];
}

/** The client's header lines as the container shall get them. */
export function requestHeaders(via: Arrived, changes: HeaderChanges): string[] {
  const { traceParent } = via;
  const { rawHeaders: raw, headers } = via.request;
  const nominated = nominatedBy(headers.connection);
  const lines: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const lower = raw[i]!.toLowerCase();
    if (NOT_TO_CONTAINER.has(lower) || nominated?.has(lower) || changes.without.includes(lower)) continue;
    if (traceParent !== undefined && lower === 'traceparent') continue;
    if (isDisguised(lower)) continue;
    lines.push(raw[i]!, lower === 'host' && via.authority !== '' ? via.authority : raw[i + 1]!);
  }
  addForwarded(lines, via);
  // A gateway says that it is there (RFC 9110, 7.6.3), on a line of its own behind those of others.
  lines.push('Via', via.request.httpVersionMinor === 0 ? '1.0 inference-sidecar' : '1.1 inference-sidecar');
  if (traceParent !== undefined) lines.push('traceparent', traceParent);
  else if (headers.traceparent === undefined) lines.push('traceparent', newTraceParent());
  for (const line of changes.added) lines.push(line);
  if (via.request.method === 'OPTIONS') countForward(lines);
  return lines;
}

/** One hop less to go (RFC 9110, 7.6.2). */
function countForward(lines: string[]): void {
  for (let i = 0; i < lines.length; i += 2) {
    if (lines[i]!.toLowerCase() === 'max-forwards' && /^\d{1,9}$/.test(lines[i + 1]!)) {
      lines[i + 1] = String(Math.max(0, Number(lines[i + 1]) - 1));
    }
  }
}

/** CGI and WSGI servers take `X_Forwarded_For` for `X-Forwarded-For`: with it a client could say what is ours to say. */
function isDisguised(lower: string): boolean {
  return lower.includes('_') && RELIED_ON.has(lower.replaceAll('_', '-'));
}

/** Who the client is and what it asked for, continued where someone before us began to say so. */
function addForwarded(lines: string[], { request: { headers }, remoteAddress, prefix, authority }: Arrived): void {
  const before = headers['x-forwarded-for'];
  const host = authority === '' ? headers.host : authority;
  lines.push('X-Forwarded-For', before === undefined ? remoteAddress : `${before}, ${remoteAddress}`);
  if (headers['x-forwarded-proto'] === undefined) lines.push('X-Forwarded-Proto', 'http');
  if (headers['x-forwarded-host'] === undefined && host) lines.push('X-Forwarded-Host', host);
  // RFC 7239 only where it is in use: the X- fields say the same to everyone else.
  if (headers.forwarded !== undefined) lines.push('Forwarded', forwardedOn(headers.forwarded, remoteAddress));
  if (prefix !== '') lines.push('X-Forwarded-Prefix', prefix);
}

/** Pairs of a token and a token, a quoted string, or what is often sent unquoted: an address. */
const FORWARDED_ELEMENT = /^(?:[\w!#$%&'*+.^`|~-]+=(?:[^\s",;\\]+|"(?:[^"\\]|\\.)*")(?:[ \t]*;[ \t]*|$))*$/;

/** Without what came before where that is malformed: an open quotation mark would swallow ours. */
function forwardedOn(before: string, remoteAddress: string): string {
  const ours = `for=${forwardedNode(remoteAddress)}`;
  return splitList(before).every((element) => FORWARDED_ELEMENT.test(element)) ? `${before}, ${ours}` : ours;
}

function forwardedNode(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}

/** The container's header lines as the client shall get them. */
export function responseHeaders(raw: RawHeaders): string[] {
  let connection: string | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length !== 10 || raw[i]!.toLowerCase() !== 'connection') continue;
    connection = connection === undefined ? raw[i + 1]! : `${connection}, ${raw[i + 1]}`;
  }
  const nominated = nominatedBy(connection);
  const lines: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || nominated?.has(lower) || lower === 'x-inference-id') continue;
    lines.push(name, raw[i + 1]!);
  }
  return lines;
}

/** An interim response's lines as the client shall get them: it has no content to have a length (RFC 9110, 8.6). */
export function interimHeaders(raw: RawHeaders): string[] {
  return responseHeaders(withoutNames(raw, LENGTH));
}

const LENGTH: ReadonlySet<string> = new Set(['content-length']);

/** The client's trailers as the container gets them. */
export function requestTrailers(raw: RawHeaders): RawHeaders {
  if (raw.length === 0) return raw;
  return withoutNames(raw, NOT_IN_TRAILERS).filter((_, i, kept) => !isDisguised(kept[i - (i % 2)]!.toLowerCase()));
}

/** The container's trailers as the client gets them. */
export function responseTrailers(raw: RawHeaders): RawHeaders {
  return withoutNames(raw, NOT_IN_ANSWER_TRAILERS);
}

const NOT_IN_ANSWER_TRAILERS = new Set([...HOP_BY_HOP, ...NEVER_IN_TRAILERS, 'x-inference-id']);

export function withoutNames(raw: RawHeaders, names: ReadonlySet<string>): RawHeaders {
  if (raw.length === 0) return raw;
  return raw.filter((_, i) => !names.has(raw[i - (i % 2)]!.toLowerCase()));
}

/** Header names that a `Connection` field takes along; undefined for the usual `keep-alive` and `close`. */
function nominatedBy(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  const names = tokenList(connection).filter((name) => !NEVER_NOMINATED.has(name));
  return names.length === 0 ? undefined : new Set(names);
}

/** The value of a header in raw lines; undefined when absent. */
export function headerOf(raw: RawHeaders, name: string): string | undefined {
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === name.length && raw[i]!.toLowerCase() === name) return raw[i + 1];
  }
  return undefined;
}

/** The bytes of the content are those of the text itself: no content coding, or only `identity` (RFC 9110, 8.4). */
export function isPlain(raw: RawHeaders): boolean {
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length !== 16 || raw[i]!.toLowerCase() !== 'content-encoding') continue;
    if (splitList(raw[i + 1]!).some((coding) => coding.toLowerCase() !== 'identity')) return false;
  }
  return true;
}
