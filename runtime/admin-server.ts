// The admin port of a program: probes, metrics and what changes something, apart from its traffic.
// Exact paths only. Whoever changes something shows the token; without one, only programs on this machine may: no web page, which a
// browser on the same machine would lead here, by the address (cross-site POST) or by a name of its own (DNS rebinding).
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bearerToken } from './fields/bearer.ts';
import { createServer, listen } from './http.ts';
import type { Part } from './lifecycle.ts';

export interface AdminReply {
  readonly status: number;
  readonly contentType?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AdminCall {
  readonly method: string;
  /** What follows the route's path, without slash; empty for the path itself. */
  readonly rest: string;
  readonly query: URLSearchParams;
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal;
}

export interface AdminRoute {
  readonly path: string;
  readonly methods: readonly string[];
  /** The token is wanted, for these methods. */
  readonly guarded?: readonly string[];
  /** The route also serves `<path>/<rest>`. */
  readonly takesRest?: boolean;
  reply(call: AdminCall): AdminReply | Promise<AdminReply>;
}

export interface AdminServerOptions {
  readonly host: string;
  readonly port: number;
  /** Empty: only loopback callers may use guarded routes. */
  readonly token: string;
  readonly routes: readonly AdminRoute[];
  /** A route threw: the caller gets 500, this gets the reason. */
  failed(error: unknown, path: string): void;
}

export class AdminServer implements Part {
  readonly name = 'admin server';
  readonly #options: AdminServerOptions;
  readonly #server: Server;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    this.#server = createServer({ keepAliveTimeout: 5_000, requestTimeout: 30_000 }, (request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        this.#options.failed(error, request.url ?? '');
        response.destroy();
      });
    });
  }

  /** Known once started. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    const { host, port } = this.#options;
    await listen(this.#server, { host, port, flags: { host: '--host', port: '--admin-port' } });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await this.#replyTo(request, response);
    if (response.destroyed) return;
    const body = reply.body ?? '';
    response.writeHead(reply.status, {
      'Content-Type': reply.contentType ?? 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      ...reply.headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #replyTo(request: IncomingMessage, response: ServerResponse): Promise<AdminReply> {
    request.resume();
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const route = this.#options.routes.find((r) => r.path === path || (r.takesRest && path.startsWith(`${r.path}/`)));
    if (route === undefined) return { status: 404, body: 'not an admin path\n' };
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
    if (!route.methods.includes(method)) {
      return {
        status: 405,
        headers: { Allow: route.methods.join(', ') },
        body: `${route.methods.join(' or ')} only\n`,
      };
    }
    const refusal = route.guarded?.includes(method) ? this.#refusalOf(request) : undefined;
    if (refusal !== undefined) return refusal;
    const leaving = new AbortController();
    response.on('close', () => leaving.abort());
    try {
      const rest = path.slice(route.path.length + 1);
      return await route.reply({ method, rest, query: new URLSearchParams(query), signal: leaving.signal });
    } catch (error) {
      this.#options.failed(error, path);
      return { status: 500, body: 'failed; the log says why\n' };
    }
  }

  /** Why the caller of a guarded path is turned away; undefined: it may. */
  #refusalOf({ headers, socket }: IncomingMessage): AdminReply | undefined {
    if (isFromWebPage(headers)) {
      return { status: 403, body: 'this path is not for web pages: call it without Origin and Sec-Fetch-Site\n' };
    }
    const { token } = this.#options;
    if (token === '' && isLoopback(socket.remoteAddress ?? '')) {
      if (namesLoopback(headers.host ?? '')) return undefined;
      return { status: 403, body: 'without an admin token the Host must be localhost or a loopback address\n' };
    }
    const given = Buffer.from(bearerToken(headers.authorization) ?? '');
    const wanted = Buffer.from(token);
    if (token !== '' && given.length === wanted.length && timingSafeEqual(given, wanted)) return undefined;
    const challenge = { 'WWW-Authenticate': 'Bearer' };
    return {
      status: 401,
      headers: challenge,
      body: 'this path wants the admin token: Authorization: Bearer <token>\n',
    };
  }
}

/** Browsers send Origin with every POST of a page (Fetch standard), newer ones Sec-Fetch-Site with every request (`none`: a person typed it). */
function isFromWebPage(headers: IncomingMessage['headers']): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin !== undefined || (site !== undefined && site !== 'none');
}

/** `localhost:9090`, `127.0.0.1`, `[::1]:9090`. A name that an attacker's DNS leads here is none of these. */
function namesLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}

export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
