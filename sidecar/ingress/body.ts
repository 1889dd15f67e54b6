// The client's request body. Sync requests stream it on, or hand it over whole when it is here already;
// async requests are stored, so theirs is gathered up to a limit.
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** What undici takes: nothing, bytes, or a stream. */
export type Body = Uint8Array | Readable | null;

export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/**
 * The body for the container. Bytes when all of it is here (the usual case: a small body comes in one packet with its
 * headers), which is faster and can be sent again; else a stream with backpressure.
 */
export function bodyOf(request: IncomingMessage): Body {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding === undefined && (length === undefined || length === '0')) return null;
  const isHere = request.complete || (coding === undefined && request.readableLength === Number(length));
  return isHere ? (request.read() as Uint8Array | null) : new BodyStream(request);
}

/** Passes the request's bytes on. Its destruction leaves the client's connection alone, so that an early answer gets through. */
class BodyStream extends Readable {
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    super({ highWaterMark: 64 * 1024 });
    this.#request = request;
    request.on('data', this.#onData).on('end', this.#onEnd);
    request.pause();
  }

  override _read(): void {
    this.#request.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#request.off('data', this.#onData).off('end', this.#onEnd);
    // What still comes is dropped: the next request on this connection begins after it.
    this.#request.resume();
    callback(error);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (!this.push(chunk)) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    this.push(null);
  };
}

export type GatheredBody =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'too_slow' };

export interface GatherLimits {
  readonly maxBytes: number;
  /** Longest silence in the middle of it. */
  readonly silenceMs: number;
}

/** The whole body, if it is within the limit. Says so as soon as it is known; calls nothing once the client is gone. */
export function gatherBody(request: IncomingMessage, limits: GatherLimits, done: (body: GatheredBody) => void): void {
  const { maxBytes, silenceMs } = limits;
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
    done({ kind: 'too_large' });
    return;
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const finish = (body: GatheredBody) => {
    request.socket.setTimeout(0);
    request.off('data', onData).off('end', onEnd).off('timeout', onTimeout);
    done(body);
  };
  const onEnd = () => finish({ kind: 'whole', bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes) });
  const onTimeout = () => finish({ kind: 'too_slow' });
  const onData = (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else finish({ kind: 'too_large' });
  };
  if (!request.complete) request.setTimeout(silenceMs);
  request.on('data', onData).on('end', onEnd).on('timeout', onTimeout);
}
