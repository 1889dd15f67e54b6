// Writes the head of a request. What could end a line early, or say something else about the body than we do, cannot get
// in. Pure.
import { isToken } from '../../../runtime/fields/list.ts';
import type { RawHeaders } from '../../store/record.ts';
import { isFieldValue } from './response-head.ts';

/** How the body is framed: so many bytes, in chunks, or there is none. */
export type BodyFraming = number | 'chunked' | 'none';

/** Methods whose requests say that their body is empty. */
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);

/** A body with any other method is a surprise to some servers, which leave it unread. */
export function expectsBody(method: string): boolean {
  return WITH_BODY.has(method);
}

export interface RequestLine {
  readonly method: string;
  readonly target: string;
  /** For requests that name none (HTTP/1.0). */
  readonly host: string;
}

/** What `Connection` says. `upgrade`: to WebSocket, the one protocol that is taken up. */
export type ConnectionOption = 'keep-alive' | 'close' | 'upgrade';

/** The request cannot be written so that it is read in one way only. */
export class UnwritableRequest extends Error {}

/** The whole head, one character a byte. Throws UnwritableRequest. */
export function requestHead(
  line: RequestLine,
  lines: RawHeaders,
  framing: BodyFraming,
  connection: ConnectionOption,
): string {
  const { method, target, host } = line;
  if (!isToken(method) || !/^[!-~\x80-\xff]+$/.test(target))
    throw new UnwritableRequest('the request line cannot be sent on');
  let hasHost = false;
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i]!;
    const value = lines[i + 1]!;
    if (!isToken(name) || !isFieldValue(value))
      throw new UnwritableRequest(`the header ${JSON.stringify(name)} cannot be sent on`);
    if (isOurs(name)) continue;
    if (name.length === 4 && name.toLowerCase() === 'host') {
      if (hasHost) throw new UnwritableRequest('more than one Host');
      hasHost = true;
    }
    head += `${name}: ${value}\r\n`;
  }
  if (!hasHost) head += `Host: ${host}\r\n`;
  if (framing === 'chunked') head += 'Transfer-Encoding: chunked\r\n';
  else if (framing !== 'none') head += `Content-Length: ${framing}\r\n`;
  return head + CONNECTION_LINES[connection];
}

const CONNECTION_LINES: Readonly<Record<ConnectionOption, string>> = {
  'keep-alive': 'Connection: keep-alive\r\n\r\n',
  close: 'Connection: close\r\n\r\n',
  upgrade: 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
};

/** Fields of the connection and the body's framing, which are written here and nowhere else. */
function isOurs(name: string): boolean {
  switch (name.length) {
    case 6:
    case 7:
    case 10:
    case 14:
    case 17:
      return OURS.has(name.toLowerCase());
    default:
      return false;
  }
}

const OURS = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'expect']);
