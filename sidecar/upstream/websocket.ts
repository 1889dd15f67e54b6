// Open WebSockets: the two sockets of each are joined by http-proxy, until either side ends or both are silent. The only file that
// imports it. What it does rightly is what happens here, behind the handshake: no delay and TCP keep-alive on both sockets, the head
// of the 101, bytes both ways at the pace of who reads them, the end of one direction passed on as such.
// The handshake itself is our own client's (client/connection.ts), which finds its answer read and its socket upgraded already.
// http-proxy's would merge slashes, turn backslashes and cut `#` in the target, throw on a `Trailer` line, drop a body but send its
// length, join and reorder header lines, and relay an answer other than 101 with the framing of another body. Its plain-HTTP path
// leaks: a client that leaves is never reported to the container. Faults in what is used, cured here:
// - a side that breaks, rather than ends, leaves the other one open;
// - it takes the timeouts off both sockets;
// - it writes the head as UTF-8.
// It brings all of Node's TLS along, 5 MiB that a pod without WebSockets never needs: loaded with the first of them.
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type HttpProxy from 'http-proxy';
import type { Exchange } from '../ingress/exchange.ts';
import type { ResponseHead } from './client/response-head.ts';
import { headerOf, responseHeaders, withoutNames } from './headers.ts';

export interface WebSocketOptions {
  /** Longest silence of an open connection. */
  readonly idleTimeoutMs: number;
}

export class WebSockets {
  readonly #options: WebSocketOptions;
  #proxy: Promise<HttpProxy> | undefined;
  readonly #open = new Set<Socket>();

  constructor(options: WebSocketOptions) {
    this.#options = options;
  }

  /** Tells the client that the container has agreed, and relays. Both sockets are paused, and nobody else listens to their data. */
  join(exchange: Exchange, head: ResponseHead, client: Socket, container: Socket): void {
    endTogether(client, container);
    this.#open.add(client);
    client.on('close', () => this.#open.delete(client));
    const lines = [...responseHeaders(head.lines), ...exchange.switched()];
    this.#proxy ??= loadProxy();
    this.#proxy.then(
      (proxy) => {
        // Either side may have gone while the module was loaded.
        if (client.destroyed || container.destroyed) return;
        relay(proxy, linesByName(head, lines), client, container);
        const { idleTimeoutMs } = this.#options;
        endWhenSilent(idleTimeoutMs, client, container);
        endWhenSilent(idleTimeoutMs, container, client);
      },
      () => client.destroy(),
    );
  }

  /** Ends all of them: the server does not know of them any more. */
  closeAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

async function loadProxy(): Promise<HttpProxy> {
  const { default: httpProxy } = await import('http-proxy');
  return httpProxy.createProxyServer({ target: 'http://container', xfwd: false });
}

/** An end that was read has been passed on behind all that came before it. Any other is abnormal, and the other side's is too. */
function endTogether(client: Socket, container: Socket): void {
  client.on('close', () => endWith(client, container));
  container.on('close', () => endWith(container, client)).on('error', () => undefined);
}

function endWith(closed: Socket, other: Socket): void {
  if (closed.readableEnded) other.destroySoon();
  else other.destroy();
}

/** How long the other direction may be silent once one has ended: a client that is gone looks like one that has only sent all it will. */
const HALF_CLOSED_SILENCE_MS = 5_000;

function endWhenSilent(idleTimeoutMs: number, socket: Socket, other: Socket): void {
  socket.setTimeout(idleTimeoutMs, () => socket.destroy());
  socket.once('end', () => other.setTimeout(Math.min(idleTimeoutMs, HALF_CLOSED_SILENCE_MS)));
}

/** Of the request http-proxy looks at no more than these, and sends nothing of them. */
const upgradeRequest = { method: 'GET', url: '/', headers: { upgrade: 'websocket' } } as IncomingMessage;
const NOTHING = Buffer.alloc(0);

function relay(proxy: HttpProxy, headers: Readonly<Record<string, string[]>>, client: Socket, container: Socket): void {
  const agent = new UpgradedAlready();
  client.setDefaultEncoding('latin1');
  // What goes wrong with a socket is said by its `close`.
  proxy.ws(upgradeRequest, client, NOTHING, { agent }, () => undefined);
  agent.request?.emit('upgrade', { headers }, container, NOTHING);
}

/** Stands where http-proxy asks for a connection, and keeps its request, which is never sent. */
class UpgradedAlready {
  request: ClientRequest | undefined;

  /** As `http.Agent` has it. */
  addRequest(request: ClientRequest): void {
    this.request = request;
  }
}

/** A 101 has no content, and its connection is ours (RFC 9110, 7.8 and 8.6). */
const NOT_IN_SWITCH: ReadonlySet<string> = new Set(['content-length', 'trailer']);

/** As http-proxy writes them: lines of one name stand together, in the order and case they came. */
function linesByName(head: ResponseHead, lines: readonly string[]): Readonly<Record<string, string[]>> {
  const byName: Record<string, string[]> = Object.create(null);
  const all = [...withoutNames(lines, NOT_IN_SWITCH), 'Connection', 'Upgrade'];
  all.push('Upgrade', headerOf(head.lines, 'upgrade') ?? 'websocket');
  for (let i = 0; i < all.length; i += 2) {
    byName[all[i]!] ??= [];
    byName[all[i]!]!.push(all[i + 1]!);
  }
  return byName;
}
