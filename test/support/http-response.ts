// Reads one HTTP/1.x response out of raw bytes, without mercy or repair: what a client can observe of it.

export interface RawResponse {
  readonly status: number;
  readonly reason: string;
  /** Names and values as received, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly trailers: readonly (readonly [string, string])[];
  /** False when the connection ended before the message did. */
  readonly isComplete: boolean;
  /** Status codes of interim responses before it. */
  readonly interim: readonly number[];
}

/** Undefined while the message is not complete and the connection still open. */
export function readResponse(bytes: Buffer, isClosed: boolean, method: string): RawResponse | undefined {
  const interim: number[] = [];
  let from = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n', from);
    if (end < 0) return isClosed ? nothing(interim) : undefined;
    const [statusLine = '', ...lines] = bytes.subarray(from, end).toString('latin1').split('\r\n');
    const [, code = '0', reason = ''] = /^HTTP\/1\.\d (\d{3}) ?(.*)$/.exec(statusLine) ?? [];
    const status = Number(code);
    from = end + 4;
    if (status >= 100 && status < 200 && status !== 101) {
      interim.push(status);
      continue;
    }
    const headers = lines.map(fieldOf);
    const content = contentOf(
      bytes.subarray(from),
      headers,
      isClosed,
      method === 'HEAD' || status === 204 || status === 304,
    );
    return content && { status, reason, headers, interim, ...content };
  }
}

const nothing = (interim: readonly number[]): RawResponse => ({
  status: 0,
  reason: '',
  headers: [],
  body: Buffer.alloc(0),
  trailers: [],
  isComplete: false,
  interim,
});

type Content = Pick<RawResponse, 'body' | 'trailers' | 'isComplete'>;

function contentOf(
  bytes: Buffer,
  headers: RawResponse['headers'],
  isClosed: boolean,
  isEmpty: boolean,
): Content | undefined {
  const value = (name: string) => headers.find(([each]) => each.toLowerCase() === name)?.[1];
  if (isEmpty) return { body: Buffer.alloc(0), trailers: [], isComplete: true };
  if (value('transfer-encoding') === 'chunked') return chunkedContentOf(bytes, isClosed);
  const length = value('content-length');
  if (length === undefined) return isClosed ? { body: bytes, trailers: [], isComplete: true } : undefined;
  const isComplete = bytes.length >= Number(length);
  if (!isComplete && !isClosed) return undefined;
  return { body: bytes.subarray(0, Number(length)), trailers: [], isComplete };
}

function chunkedContentOf(bytes: Buffer, isClosed: boolean): Content | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    const isCut = Number.isNaN(size) || bytes.length < lineEnd + 2 + size + 2;
    if (isCut) return isClosed ? { body: Buffer.concat(chunks), trailers: [], isComplete: false } : undefined;
    if (size === 0) {
      const end = bytes.subarray(lineEnd).indexOf('\r\n\r\n');
      if (end < 0) return isClosed ? { body: Buffer.concat(chunks), trailers: [], isComplete: false } : undefined;
      const lines = bytes
        .subarray(lineEnd, lineEnd + end)
        .toString('latin1')
        .split('\r\n')
        .filter((line) => line !== '');
      return { body: Buffer.concat(chunks), trailers: lines.map(fieldOf), isComplete: true };
    }
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
