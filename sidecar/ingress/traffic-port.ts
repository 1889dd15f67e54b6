// The traffic port: Node's own HTTP server with its strict parser, its timeouts set so that none answers before ours.
// Hands what comes to the pipeline; decides nothing.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { createServer, listen } from '../../runtime/http.ts';
import type { ConnectionLimits } from './limits.ts';
import { isWebSocket } from './upgrade.ts';

export interface TrafficHandlers {
  /** `expectsContinue`: the client waits with its body until it is told to go on. */
  request(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void;
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  /** Bytes that are not HTTP, or did not come in time. */
  broken(error: NodeJS.ErrnoException, socket: Socket): void;
  /** A connection more than there may be: Node has closed it. */
  dropped(): void;
}

/** A draining replica leaves a client this time to come back on its connection: closing at once would meet it half-way. */
const KEPT_FOR_MS = 1_000;
/** Time for who was answered last to read it. */
const LAST_WORD_MS = 1_000;

export class TrafficPort {
  readonly #server: Server;
  readonly #clock: Clock;
  #closing: Timer | undefined;

  constructor(limits: ConnectionLimits, maxConnections: number, clock: Clock) {
    this.#clock = clock;
    this.#server = createServer({
      insecureHTTPParser: false,
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
      // Waiting in line counts for Node as receiving the request: its limit would end requests that only wait.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      noDelay: true,
      // We answer that ourselves, with a problem.
      requireHostHeader: false,
      shouldUpgradeCallback: isWebSocket,
      highWaterMark: limits.bodyAheadBytes,
    });
    // Node would drop what is over its count without a word; the pipeline refuses instead.
    this.#server.maxHeadersCount = 0;
    this.#server.maxConnections = maxConnections;
  }

  /** Known once it listens. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  serve(handlers: TrafficHandlers): void {
    const expecting = (request: IncomingMessage, response: ServerResponse) => handlers.request(request, response, true);
    this.#server
      .on('request', (request, response) => handlers.request(request, response, false))
      .on('checkContinue', expecting)
      .on('checkExpectation', expecting)
      .on('upgrade', (request, socket, head) => handlers.upgrade(request, socket as Socket, head))
      .on('clientError', (error, socket) => handlers.broken(error, socket as Socket))
      .on('drop', () => handlers.dropped());
  }

  listen(host: string, port: number): Promise<void> {
    return listen(this.#server, host, port);
  }

  countConnections(done: (count: number) => void): void {
    this.#server.getConnections((_error, count) => done(count));
  }

  /** Closes what clients keep open for later, in a moment. Asked again it waits anew: who was answered just now may be on the way back. */
  closeKept(): void {
    this.#closing?.cancel();
    // After the sockets were read: on a busy machine a request may have arrived that this loop has not seen yet.
    const close = () => void setImmediate(() => this.#server.closeIdleConnections());
    this.#closing = this.#clock.after(KEPT_FOR_MS, close);
  }

  /** Takes no new connections. Who is still there is answered by `giveUp`, and gets a moment to read it. */
  async close(giveUp: () => Promise<void>): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await giveUp();
    this.#server.closeIdleConnections();
    await Promise.race([closed, new Promise<void>((resolve) => this.#clock.after(LAST_WORD_MS, resolve))]);
    this.#server.closeAllConnections();
  }
}
