// The client's request body. Sync requests stream it on, or hand it over whole when it is here already;
// async requests are stored, so theirs is gathered up to a limit.
import type { IncomingMessage } from 'node:http';
import type { BodySink, ComingBody } from '../upstream/client/request-body.ts';
import { requestTrailers } from '../upstream/headers.ts';

/** The body for the container: nothing, bytes, or what is still coming. */
export type Body = Uint8Array | StreamedBody | null;

export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/**
 * Bytes when all of it is here (the usual case: a small body comes in one packet with its headers), which is faster and can
 * be sent again; else a stream with backpressure.
 */
export function bodyOf(request: IncomingMessage, silence: Silence): Body {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding === undefined && (length === undefined || length === '0')) return null;
  const isHere = request.complete || (coding === undefined && request.readableLength === Number(length));
  return isHere ? (request.read() as Uint8Array | null) : new StreamedBody(request, silence);
}

/** A client that has stopped in the middle of its body would keep its slot for nothing. */
export interface Silence {
  readonly longestMs: number;
  exceeded(): void;
}

/** A body that is still coming: read only as fast as it is taken. */
export class StreamedBody implements ComingBody {
  /** Undefined: the client does not say. */
  readonly length: number | undefined;
  readonly #request: IncomingMessage;
  readonly #silence: Silence;
  #sink: BodySink | undefined;
  #hasBegun = false;
  #isPaused = false;

  constructor(request: IncomingMessage, silence: Silence) {
    const { 'content-length': length } = request.headers;
    this.#request = request;
    this.#silence = silence;
    this.length = length === undefined ? undefined : Number(length);
  }

  /** Some of it may be gone: it cannot be sent again. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  start(sink: BodySink): void {
    this.#hasBegun = true;
    this.#sink = sink;
    if (!this.#request.complete) this.#request.setTimeout(this.#silence.longestMs);
    this.#request.on('data', this.#onData).on('end', this.#onEnd).on('timeout', this.#onTimeout).resume();
  }

  pause(): void {
    this.#isPaused = true;
    this.#request.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#request.resume();
  }

  /** What still comes is read and dropped: the next request on the client's connection begins after it. */
  drop(): void {
    this.#stopListening();
    this.#sink = undefined;
    this.#request.resume();
  }

  #stopListening(): void {
    this.#request.off('data', this.#onData).off('end', this.#onEnd).off('timeout', this.#onTimeout);
    this.#request.socket.setTimeout(0);
  }

  readonly #onData = (chunk: Uint8Array): void => this.#sink?.chunk(chunk);

  readonly #onEnd = (): void => {
    this.#stopListening();
    this.#sink?.end(requestTrailers(this.#request.rawTrailers));
  };

  readonly #onTimeout = (): void => {
    // Not read from: it is the container that takes its time.
    if (this.#isPaused) this.#request.setTimeout(this.#silence.longestMs);
    else this.#silence.exceeded();
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
