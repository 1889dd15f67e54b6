// The client's request body. Sync requests stream it on, or hand it over whole when it is here already;
// async requests are stored, so theirs is gathered up to a limit.
import { GatheredBytes } from '../gathered-bytes.ts';
import type { BodySink, ComingBody } from '../upstream/client/request-body.ts';
import { requestTrailers } from '../upstream/headers.ts';
import type { BodyReader, IncomingRequest } from './http/request.ts';

/** The body for the container: nothing, bytes, or what is still coming. */
export type Body = Uint8Array | StreamedBody | null;

/**
 * Bytes when all of it is here (the usual case: a small body comes in one packet with its headers), which is faster and can
 * be sent again; else a stream with backpressure.
 */
export function bodyOf(request: IncomingRequest, waiting: BodyWaiter): Body {
  if (!request.hasBody) return null;
  return request.isComplete ? request.takeBody() : new StreamedBody(request, waiting);
}

/** A client that has stopped in the middle of its body would keep its slot for nothing. */
export interface BodyWaiter {
  bodySilent(): void;
}

/** A body that is still coming: read only as fast as it is taken. */
export class StreamedBody implements ComingBody, BodyReader {
  /** Undefined: the client does not say. */
  readonly length: number | undefined;
  readonly #request: IncomingRequest;
  readonly #waiting: BodyWaiter;
  #sink: BodySink | undefined;
  #hasBegun = false;

  constructor(request: IncomingRequest, waiting: BodyWaiter) {
    const { 'content-length': length } = request.headers;
    this.#request = request;
    this.#waiting = waiting;
    this.length = length === undefined ? undefined : Number(length);
  }

  /** Some of it may be gone: it cannot be sent again. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  start(sink: BodySink): void {
    this.#hasBegun = true;
    this.#sink = sink;
    this.#request.isPaced = true;
    this.#request.readBody(this);
  }

  pause(): void {
    this.#request.pauseBody();
  }

  resume(): void {
    this.#request.resumeBody();
  }

  drop(): void {
    this.#sink = undefined;
    this.#request.dropBody();
  }

  chunk(bytes: Buffer): void {
    this.#sink?.chunk(bytes);
  }

  end(): void {
    this.#sink?.end(requestTrailers(this.#request.rawTrailers));
  }

  silent(): void {
    this.#waiting.bodySilent();
  }
}

export type GatheredBody =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'too_slow' };

/** The whole body, if it is within the limit. Says so as soon as it is known; calls nothing once the client is gone. */
export function gatherBody(request: IncomingRequest, maxBytes: number, done: (body: GatheredBody) => void): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) done({ kind: 'too_large' });
  else request.readBody(new Gathering(request, maxBytes, done));
}

class Gathering implements BodyReader {
  readonly #request: IncomingRequest;
  readonly #maxBytes: number;
  readonly #done: (body: GatheredBody) => void;
  #bytes = new GatheredBytes();

  constructor(request: IncomingRequest, maxBytes: number, done: (body: GatheredBody) => void) {
    this.#request = request;
    this.#maxBytes = maxBytes;
    this.#done = done;
  }

  chunk(bytes: Buffer): void {
    if (this.#bytes.length + bytes.length <= this.#maxBytes) this.#bytes.add(bytes);
    else this.#giveUp('too_large');
  }

  end(): void {
    this.#done({ kind: 'whole', bytes: this.#bytes.take() });
  }

  silent(): void {
    this.#giveUp('too_slow');
  }

  #giveUp(kind: 'too_large' | 'too_slow'): void {
    this.#request.dropBody();
    this.#bytes = new GatheredBytes();
    this.#done({ kind });
  }
}
