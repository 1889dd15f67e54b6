// The model container as the rest of the sidecar knows it: a request goes in, a handler hears of the response. Knows how a
// request is framed; the client below it knows how bytes and connections come and go.
import type { Clock } from '../../runtime/clock.ts';
import type { Address } from './client/connection.ts';
import { ConnectionPool } from './client/connection-pool.ts';
import { type BodyFraming, expectsBody, requestHead } from './client/request-head.ts';
import { type ContainerRequest, type ResponseHandler, RoundTrip } from './client/round-trip.ts';

export interface ContainerOptions {
  /** `http://127.0.0.1:8000` */
  readonly origin: string;
  /** Longest silence inside a response body. */
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  /** Our own code threw at a connection to it that nobody was waiting for. */
  failed(error: unknown): void;
}

export class Container {
  readonly #pool: ConnectionPool;
  /** For requests without one. */
  readonly #host: string;

  constructor({ origin, idleTimeoutMs, clock, failed }: ContainerOptions) {
    const url = new URL(origin);
    this.#host = url.host;
    this.#pool = new ConnectionPool({ address: addressOf(url), clock, longestSilenceMs: idleTimeoutMs, failed });
  }

  /** Sends the request; the handler hears of everything else, errors included. Throws where it cannot be written. */
  send(request: ContainerRequest, handler: ResponseHandler): RoundTrip {
    const { method, target, headers, body, isUpgrade = false } = request;
    const framing = framingOf(request);
    // Some servers send a body with HEAD, or leave one unread that they did not expect: nothing comes after these. Nor after an
    // upgrade, whose socket may become another protocol's.
    const isLast = method === 'HEAD' || (body !== null && !expectsBody(method)) || isUpgrade;
    const connection = isUpgrade ? 'upgrade' : isLast ? 'close' : 'keep-alive';
    const head = requestHead({ method, target, host: this.#host }, headers, framing, connection);
    const trip = new RoundTrip(request, handler, head, framing, isLast);
    this.#pool.send(trip);
    return trip;
  }

  /** Ends all connections; who is still inside hears of it. */
  close(): void {
    this.#pool.close();
  }
}

function framingOf({ method, body, trailers }: ContainerRequest): BodyFraming {
  if (trailers !== undefined && trailers.length > 0) return 'chunked';
  if (body === null) return expectsBody(method) ? 0 : 'none';
  return body.length ?? 'chunked';
}

function addressOf({ hostname, port }: URL): Address {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) };
}
