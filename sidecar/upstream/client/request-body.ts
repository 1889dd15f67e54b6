// Sends a request body that is still coming: each piece as it comes, no faster than the container reads, then its
// trailers. A body that is here already goes out with the head (connection.ts).
import type { Socket } from 'node:net';
import { guarded } from '../../../runtime/boundary.ts';
import { isToken } from '../../../runtime/fields/list.ts';
import type { RawHeaders } from '../../store/record.ts';
import type { BodyFraming } from './request-head.ts';
import { isFieldValue } from './response-head.ts';

/** Where a body that is still coming goes. */
export interface BodySink {
  chunk(bytes: Uint8Array): void;
  end(trailers: RawHeaders): void;
}

/** A body that is still coming. */
export interface ComingBody {
  /** Bytes in all; undefined where nobody knows yet. */
  readonly length: number | undefined;
  start(sink: BodySink): void;
  pause(): void;
  resume(): void;
  /** Nobody wants the rest. */
  drop(): void;
}

export interface BodySenderOwner {
  /** The body is not what its head said. */
  failed(error: Error): void;
  /** Our own code threw while the body was passed on. */
  threw(error: unknown): void;
}

export class BodySender implements BodySink {
  readonly #socket: Socket;
  readonly #body: ComingBody;
  readonly #told: BodySenderOwner;
  readonly #drained: () => void;
  readonly #isChunked: boolean;
  /** Of a body whose length is known: bytes still to come. */
  #left: number;
  #isOver = false;

  constructor(socket: Socket, body: ComingBody, framing: BodyFraming, told: BodySenderOwner) {
    this.#socket = socket;
    this.#body = body;
    this.#told = told;
    this.#drained = guarded(() => body.resume(), told.threw);
    this.#isChunked = framing === 'chunked';
    this.#left = typeof framing === 'number' ? framing : 0;
  }

  /** The whole body is written, or given up. */
  get isOver(): boolean {
    return this.#isOver;
  }

  start(): void {
    this.#socket.on('drain', this.#drained);
    this.#body.start(this);
  }

  /** The container wants no more of it. */
  stop(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#body.drop();
  }

  chunk(bytes: Uint8Array): void {
    if (this.#isOver || bytes.length === 0) return;
    if (!this.#isChunked) {
      this.#left -= bytes.length;
      // What is longer than said would be read as the next request.
      if (this.#left < 0) this.#fail('the body of the request is longer than its Content-Length');
      else if (!this.#socket.write(bytes)) this.#body.pause();
      return;
    }
    this.#socket.cork();
    this.#socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1');
    this.#socket.write(bytes);
    const hasRoom = this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    if (!hasRoom) this.#body.pause();
  }

  end(trailers: RawHeaders): void {
    if (this.#isOver) return;
    if (!this.#isChunked && this.#left > 0) {
      this.#fail('the body of the request is shorter than its Content-Length');
      return;
    }
    if (this.#isChunked) this.#socket.write(lastChunk(trailers), 'latin1');
    this.#finish();
  }

  #fail(message: string): void {
    this.stop();
    this.#told.failed(new Error(message));
  }

  #finish(): void {
    this.#isOver = true;
    this.#socket.off('drain', this.#drained);
  }
}

/** The end of a chunked body. */
export function lastChunk(trailers: RawHeaders): string {
  let text = '0\r\n';
  for (let i = 0; i < trailers.length; i += 2) {
    if (isToken(trailers[i]!) && isFieldValue(trailers[i + 1]!)) text += `${trailers[i]}: ${trailers[i + 1]}\r\n`;
  }
  return `${text}\r\n`;
}
