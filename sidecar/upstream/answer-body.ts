// The body of an answer that comes in pieces, on its way to the client. Node would write each piece of a chunked body as
// four; framed here it is one, straight to the client's socket behind the head that Node has written. The bytes are taken
// over at once: the memory they lie in is used again.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Exchange } from '../ingress/exchange.ts';
import type { ResponseHead } from './client/response-head.ts';
import { withoutNames } from './headers.ts';

/** Pieces up to this go out as text, which Node writes without further memory. */
const TEXT_BYTES = 8 * 1024;

export class AnswerBody {
  readonly #response: ServerResponse;
  /** Undefined: Node frames and writes it. The client speaks HTTP/1.0, or waits for an earlier answer (pipelining). */
  readonly #socket: Socket | undefined;
  readonly #isChunked: boolean;

  private constructor(response: ServerResponse, socket: Socket | undefined, isChunked: boolean) {
    this.#response = response;
    this.#socket = socket;
    this.#isChunked = isChunked;
  }

  /** Writes the head; `begun` sends it, with what was written meanwhile. */
  static begin(exchange: Exchange, { status, reason, contentLength }: ResponseHead, lines: string[]): AnswerBody {
    const { request, response } = exchange;
    const isEmpty = request.method === 'HEAD' || status === 204 || status === 304;
    const isChunked = contentLength < 0 && !isEmpty && request.httpVersionMinor === 1;
    const socket = request.httpVersionMinor === 1 ? (response.socket ?? undefined) : undefined;
    // Node would refuse to announce trailers of a body that can have none.
    const passed = isChunked ? lines : [...withoutNames(lines, TRAILER)];
    if (isChunked) passed.push('Transfer-Encoding', 'chunked');
    socket?.cork();
    exchange.writeHead(status, reason, passed);
    // Not `flushHeaders`: it writes the head as UTF-8, and so other bytes than the container's where they are not ASCII.
    if (!isEmpty) response.write('', 'latin1');
    return new AnswerBody(response, socket, isChunked);
  }

  begun(): void {
    this.#socket?.uncork();
  }

  /** False: no more until it is drained. */
  write(bytes: Buffer, written?: () => void): boolean {
    if (this.#socket === undefined) return this.#response.write(Buffer.from(bytes), written);
    if (bytes.length > TEXT_BYTES) return this.#socket.write(this.#framed(bytes), written);
    const text = bytes.toString('latin1');
    const framed = this.#isChunked ? `${bytes.length.toString(16)}\r\n${text}\r\n` : text;
    return this.#socket.write(framed, 'latin1', written);
  }

  onceDrained(call: () => void): void {
    (this.#socket ?? this.#response).once('drain', call);
  }

  end(trailers: readonly string[]): void {
    if (this.#isChunked && trailers.length > 0) this.#response.addTrailers(pairs(trailers));
    this.#response.end();
  }

  #framed(bytes: Buffer): Buffer {
    if (!this.#isChunked) return Buffer.from(bytes);
    const size = `${bytes.length.toString(16)}\r\n`;
    const framed = Buffer.allocUnsafe(size.length + bytes.length + 2);
    framed.write(size, 0, 'latin1');
    bytes.copy(framed, size.length);
    framed.write('\r\n', size.length + bytes.length, 'latin1');
    return framed;
  }
}

const TRAILER: ReadonlySet<string> = new Set(['trailer']);

function pairs(lines: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < lines.length; i += 2) result.push([lines[i]!, lines[i + 1]!]);
  return result;
}
