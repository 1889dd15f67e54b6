// The traffic port: Node's own HTTP server with its strict parser, its timeouts set so that none answers before ours.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createServer } from '../../runtime/http.ts';
import { isWebSocket } from './upgrade.ts';

export interface ListenOptions {
  readonly maxConnections: number;
}

export interface TrafficHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  /** `Expect: 100-continue`: the client waits with its body until it is told to go on. */
  onExpectation(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  /** Bytes that are not HTTP, or did not come in time. */
  onBroken(error: NodeJS.ErrnoException, socket: Socket): void;
}

/** Time for request line and headers: slow-loris clients are cut off. */
const HEADERS_TIMEOUT_MS = 30_000;
const MAX_HEADER_BYTES = 32 * 1024;

export function createTrafficServer(handlers: TrafficHandlers, options: ListenOptions): Server {
  const server = createServer({
    insecureHTTPParser: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: 5_000,
    // Waiting in line counts for Node as receiving the request: its limit would end requests that only wait.
    requestTimeout: 0,
    keepAliveTimeout: 65_000,
    noDelay: true,
    // We answer that ourselves, with a problem.
    requireHostHeader: false,
    shouldUpgradeCallback: isWebSocket,
    // Paused early: a waiting request costs this much of its body and no more.
    highWaterMark: 16 * 1024,
  });
  // Node would drop what is over its count without a word; the pipeline refuses instead.
  server.maxHeadersCount = 0;
  server.maxConnections = options.maxConnections;
  server.on('request', handlers.onRequest);
  server.on('checkContinue', handlers.onExpectation);
  server.on('checkExpectation', handlers.onExpectation);
  server.on('upgrade', (request, socket, head) => handlers.onUpgrade(request, socket as Socket, head));
  server.on('clientError', (error, socket) => handlers.onBroken(error, socket as Socket));
  return server;
}
