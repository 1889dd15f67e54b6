// The client's side of a WebSocket until the container has agreed: its socket is read, so that its leaving is noticed, and what it sends
// too early is kept for the container. The way through the gate is passage.ts; the open WebSocket is upstream/websocket.ts.
import type { Socket } from 'node:net';
import type { Exchange } from '../ingress/exchange.ts';
import type { ResponseHead } from '../upstream/client/response-head.ts';
import type { WebSockets } from '../upstream/websocket.ts';

/** A WebSocket client sends nothing before the 101 (RFC 6455, 4.1): one that sends more than this is none. */
const MAX_EARLY_BYTES = 64 * 1024;

export class UpgradingClient {
  readonly #exchange: Exchange;
  readonly #socket: Socket;
  readonly #webSockets: WebSockets;
  #early: Buffer[] = [];
  #earlyBytes = 0;

  /** `rest`: what came in one packet with the request. */
  constructor(exchange: Exchange, socket: Socket, rest: Buffer, webSockets: WebSockets) {
    this.#exchange = exchange;
    this.#socket = socket;
    this.#webSockets = webSockets;
    this.#keep(rest);
    socket.on('data', this.#keep).on('end', this.#ended);
  }

  /** The container has agreed, and both sockets are the relay's. */
  opened(head: ResponseHead, container: Socket, rest: Buffer): void {
    this.#socket.off('data', this.#keep).off('end', this.#ended).pause();
    for (const [socket, bytes] of [
      [this.#socket, Buffer.concat(this.#early)],
      [container, rest],
    ] as const) {
      if (bytes.length > 0) socket.unshift(bytes);
    }
    this.#early = [];
    this.#webSockets.join(this.#exchange, head, this.#socket, container);
  }

  readonly #keep = (bytes: Buffer): void => {
    // An answer other than 101 is on its way.
    if (this.#exchange.hasAnswered) return;
    this.#early.push(bytes);
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes > MAX_EARLY_BYTES) this.#socket.destroy();
  };

  /** Half closed: nobody waits half for a WebSocket. A refusal it may still read. */
  readonly #ended = (): void => {
    if (!this.#exchange.hasAnswered) this.#socket.destroy();
  };
}
