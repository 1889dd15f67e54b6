// The client's request body on its way to the container: streamed on, or handed over whole when it is here already.
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
