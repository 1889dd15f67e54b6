// The traffic port: Node's own HTTP server with its strict parser, its timeouts set so that none answers before ours.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createServer } from '../../runtime/http.ts';
import type { ConnectionLimits } from './limits.ts';
import { isWebSocket } from './upgrade.ts';

export interface TrafficHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  /** `Expect: 100-continue`: the client waits with its body until it is told to go on. */
  onExpectation(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  /** Bytes that are not HTTP, or did not come in time. */
  onBroken(error: NodeJS.ErrnoException, socket: Socket): void;
}

export function createTrafficServer(
  handlers: TrafficHandlers,
  limits: ConnectionLimits,
  maxConnections: number,
): Server {
  const server = createServer({
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
  server.maxHeadersCount = 0;
  server.maxConnections = maxConnections;
  server.on('request', handlers.onRequest);
  server.on('checkContinue', handlers.onExpectation);
  server.on('checkExpectation', handlers.onExpectation);
  server.on('upgrade', (request, socket, head) => handlers.onUpgrade(request, socket as Socket, head));
  server.on('clientError', (error, socket) => handlers.onBroken(error, socket as Socket));
  return server;
}
