// Which header lines cross the proxy, in both directions: all of them, in order and case, but those that belong to one
// connection (RFC 9110, 7.6.1), those the connection to the container makes itself, and those we add. Pure.
import type { RawHeaders } from '../store/record.ts';

/** Of one connection only, whether or not `Connection` names them. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade']);

/** In requests also: what the proxy answers itself, and trailers, which are not sent on. */
const NOT_TO_CONTAINER = new Set([...HOP_BY_HOP, 'expect', 'proxy-authorization', 'trailer', 'http2-settings']);

/** Names that `Connection` may not take away: a client could strip what the container relies on. */
const NEVER_NOMINATED = new Set(['host', 'content-length', 'content-type', 'authorization', 'cookie', 'close']);

/** The request as it came in. An exchange is one. */
export interface Arrived {
  readonly request: { readonly rawHeaders: RawHeaders; readonly headers: { connection?: string; host?: string } };
  readonly remoteAddress: string;
  /** The public form's `/<name>`, which the container does not see in its path; else empty. */
  readonly prefix: string;
}

export interface HeaderChanges {
  /** Lower-case names left out beyond the hop-by-hop ones. */
  readonly without: readonly string[];
  /** Names and values in turn. */
  readonly added: readonly string[];
}

/** The client's header lines as the container shall get them. */
export function requestHeaders(via: Arrived, changes: HeaderChanges): string[] {
  const raw = via.request.rawHeaders;
  const host = via.request.headers.host ?? '';
  const nominated = nominatedBy(via.request.headers.connection);
  const lines: string[] = [];
  let forwardedFor = '';
  let hasProto = false;
  let hasHost = false;
  let forwarded = '';
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const value = raw[i + 1]!;
    const lower = name.toLowerCase();
    if (NOT_TO_CONTAINER.has(lower) || nominated?.has(lower) || changes.without.includes(lower)) continue;
    if (lower === 'x-forwarded-for') {
      forwardedFor += forwardedFor === '' ? value : `, ${value}`;
      continue;
    }
    if (lower === 'forwarded') {
      forwarded += forwarded === '' ? value : `, ${value}`;
      continue;
    }
    if (lower === 'x-forwarded-prefix' && via.prefix !== '') continue;
    if (lower === 'x-forwarded-proto') hasProto = true;
    else if (lower === 'x-forwarded-host') hasHost = true;
    lines.push(name, value);
  }
  lines.push('X-Forwarded-For', forwardedFor === '' ? via.remoteAddress : `${forwardedFor}, ${via.remoteAddress}`);
  if (!hasProto) lines.push('X-Forwarded-Proto', 'http');
  if (!hasHost && host !== '') lines.push('X-Forwarded-Host', host);
  // RFC 7239 is continued where someone before us began it; the X- headers say the same to everyone else.
  if (forwarded !== '') lines.push('Forwarded', `${forwarded}, for=${forwardedNode(via.remoteAddress)}`);
  if (via.prefix !== '') lines.push('X-Forwarded-Prefix', via.prefix);
  for (const line of changes.added) lines.push(line);
  return lines;
}

function forwardedNode(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}

/** The container's header lines as the client shall get them. `isReplaced` names those we write ourselves. */
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
