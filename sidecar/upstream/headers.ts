// Which header lines cross the proxy, in both directions: all of them, in order and case, but those that belong to one
// connection (RFC 9110, 7.6.1), those the connection to the container makes itself, and those we add. Pure.
import type { IncomingHttpHeaders } from 'node:http';
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
]);

/** Fields that are not taken from behind a body (RFC 9110, 6.5.1): framing, routing, who it is, and what we say ourselves. */
const NOT_IN_TRAILERS = new Set([
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
  'x-forwarded-prefix',
]);

/** Names that `Connection` may not take away: a client could strip what the container relies on. */
const NEVER_NOMINATED = new Set(['host', 'content-length', 'content-type', 'authorization', 'cookie', 'close']);

/** The request as it came in. An exchange is one. */
export interface Arrived {
  readonly request: { readonly rawHeaders: RawHeaders; readonly headers: IncomingHttpHeaders };
  readonly remoteAddress: string;
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
    lines.push(raw[i]!, raw[i + 1]!);
  }
  addForwarded(lines, via);
  if (traceParent !== undefined) lines.push('traceparent', traceParent);
  else if (headers.traceparent === undefined) lines.push('traceparent', newTraceParent());
  for (const line of changes.added) lines.push(line);
  return lines;
}

/** Who the client is and what it asked for, continued where someone before us began to say so. */
function addForwarded(lines: string[], { request: { headers }, remoteAddress, prefix }: Arrived): void {
  const before = headers['x-forwarded-for'];
  lines.push('X-Forwarded-For', before === undefined ? remoteAddress : `${before}, ${remoteAddress}`);
  if (headers['x-forwarded-proto'] === undefined) lines.push('X-Forwarded-Proto', 'http');
  if (headers['x-forwarded-host'] === undefined && headers.host) lines.push('X-Forwarded-Host', headers.host);
  // RFC 7239 only where it is in use: the X- fields say the same to everyone else.
  if (headers.forwarded !== undefined) {
    lines.push('Forwarded', `${headers.forwarded}, for=${forwardedNode(remoteAddress)}`);
  }
  if (prefix !== '') lines.push('X-Forwarded-Prefix', prefix);
}

function forwardedNode(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}

/** The container's header lines as the client shall get them. */
export function responseHeaders(raw: RawHeaders): string[] {
  let nominated: ReadonlySet<string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === 10 && raw[i]!.toLowerCase() === 'connection') nominated = nominatedBy(raw[i + 1]);
  }
  const lines: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || nominated?.has(lower) || lower === 'x-inference-id') continue;
    lines.push(name, raw[i + 1]!);
  }
  return lines;
}

/** The client's trailers as the container gets them. */
export function requestTrailers(raw: RawHeaders): RawHeaders {
  return withoutNames(raw, NOT_IN_TRAILERS);
}

/** The container's trailers as the client gets them. */
export function responseTrailers(raw: RawHeaders): RawHeaders {
  return withoutNames(raw, NOT_IN_ANSWER_TRAILERS);
}

const NOT_IN_ANSWER_TRAILERS = new Set([...HOP_BY_HOP, 'content-length', 'trailer', 'x-inference-id']);

export function withoutNames(raw: RawHeaders, names: ReadonlySet<string>): RawHeaders {
  if (raw.length === 0) return raw;
  return raw.filter((_, i) => !names.has(raw[i - (i % 2)]!.toLowerCase()));
}

/** Header names that a `Connection` field takes along; undefined for the usual `keep-alive` and `close`. */
function nominatedBy(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  const names = connection
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !NEVER_NOMINATED.has(name));
  return names.length === 0 ? undefined : new Set(names);
}

/** The value of a header in raw lines; undefined when absent. */
export function headerOf(raw: RawHeaders, name: string): string | undefined {
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === name.length && raw[i]!.toLowerCase() === name) return raw[i + 1];
  }
  return undefined;
}
