// WebSocket connections to the container, through http-proxy: the only file that imports it, for upgrades only.
// Its plain-HTTP path leaks (a client that leaves is never reported to the container), so it is not used. Faults of its
// upgrade path, cured here:
// - a client that vanishes before or after the upgrade leaves the container's side open: both sides are closed together;
// - an answer other than 101 is relayed with the framing of a body that is no longer there: relayed here instead;
// - the client's side is ended when nobody listens: it stays, so that a restart of the container can be waited for.
// It brings all of Node's TLS along, 5 MiB that a pod without WebSockets never needs: loaded with the first of them.
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type HttpProxy from 'http-proxy';
import type { Exchange } from '../ingress/exchange.ts';
import type { Answer } from '../ingress/http/answer.ts';
import { codeOfFailure, failureProblem } from './failure.ts';
import { responseHeaders } from './headers.ts';

export interface WebSocketOptions {
  readonly origin: string;
  /** Longest silence of an open connection. */
  readonly idleTimeoutMs: number;
}

/** The client's side of a connection. */
export interface ClientEnd {
  readonly socket: Socket;
  /** The container has agreed: from now on the socket is the relay's. */
  opened(): void;
  /** Nobody listens at the container's address. True: it will be connected again later. */
  refused(error: Error): boolean;
}

export class WebSockets {
  readonly #options: WebSocketOptions;
  #proxy: Promise<HttpProxy> | undefined;
  readonly #open = new Set<Socket>();

  constructor(options: WebSocketOptions) {
    this.#options = options;
  }

  /** Connects the exchange's client with the container. When either side closes the other does. */
  connect(exchange: Exchange, lines: readonly string[], { socket, opened, refused }: ClientEnd): void {
    const failed = (error: Error) => {
      if (socket.destroyed) return;
      socket.setTimeout(0);
      if (exchange.hasAnswered) socket.destroy();
      else if (codeOfFailure(error) !== 'upstream_unreachable' || !refused(error)) {
        exchange.answerProblem(failureProblem(error));
      }
    };
    const request = asForwarded(exchange, lines, { opened, failed });
    this.#proxy ??= loadProxy(this.#options.origin);
    this.#proxy.then((proxy) => {
      // The client may have left, or its time be over, while the module was loaded.
      if (socket.destroyed || exchange.hasAnswered) return;
      proxy.ws(request, socket, NOTHING, {}, failed);
      // http-proxy takes timeouts off the socket.
      socket.setTimeout(this.#options.idleTimeoutMs, () => socket.destroy());
    }, failed);
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
  }

  /** Ends all of them: the server does not know of them any more. */
  closeAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

const NOTHING = Buffer.alloc(0);

async function loadProxy(origin: string): Promise<HttpProxy> {
  const { default: httpProxy } = await import('http-proxy');
  const proxy = httpProxy.createProxyServer({ target: origin, xfwd: false });
  proxy.on('proxyReqWs', (outgoing, request, socket) => accompany(outgoing, attachedTo(request), socket));
  return proxy;
}

interface Ways {
  readonly opened: () => void;
  readonly failed: (error: Error) => void;
}

interface Attached extends Ways {
  readonly exchange: Exchange;
}

const attachedKey = Symbol('attached');

/** The request as http-proxy shall send it: our target and header lines. */
function asForwarded(exchange: Exchange, lines: readonly string[], ways: Ways): IncomingMessage {
  const headers: Record<string, string | string[]> = { connection: 'Upgrade', upgrade: 'websocket' };
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i]!.toLowerCase();
    const before = headers[name];
    headers[name] = before === undefined ? lines[i + 1]! : [before, lines[i + 1]!].flat();
  }
  const attached: Attached = { exchange, ...ways };
  // Of an IncomingMessage http-proxy looks at no more than these.
  const request = { method: 'GET', url: exchange.target, headers, [attachedKey]: attached };
  return request as unknown as IncomingMessage;
}

function attachedTo(request: IncomingMessage): Attached {
  return (request as IncomingMessage & { readonly [attachedKey]: Attached })[attachedKey];
}

/** Both sides live and die together, and the answer carries what every answer carries. */
function accompany(outgoing: ClientRequest, { exchange, opened, failed }: Attached, socket: Socket): void {
  const sentAtMs = exchange.elapsedMs();
  socket.on('close', () => outgoing.destroy());
  outgoing.on('upgrade', (answer, containerSocket) => {
    exchange.upstreamMs = exchange.elapsedMs() - sentAtMs;
    Object.assign(answer.headers, exchange.switched());
    opened();
    socket.on('close', () => containerSocket.destroy());
    containerSocket.on('close', () => socket.destroy());
  });
  // After http-proxy has put its own listeners there.
  process.nextTick(() => {
    outgoing.removeAllListeners('error').on('error', failed);
    outgoing.removeAllListeners('response').on('response', (answer) => {
      exchange.upstreamMs = exchange.elapsedMs() - sentAtMs;
      exchange.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', responseHeaders(answer.rawHeaders));
      relay(answer, exchange.response);
    });
  });
}

/** At the client's pace. */
function relay(answer: IncomingMessage, response: Answer): void {
  answer
    .on('data', (bytes: Buffer) => {
      if (response.write(bytes)) return;
      answer.pause();
      response.onceDrained(() => answer.resume());
    })
    .on('end', () => response.end())
    .on('close', () => {
      if (!answer.complete) response.breakOff();
    });
}
