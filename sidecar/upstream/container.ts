// The connections to the model container. The only file that imports undici.
// Measured (test/bench): `dispatch` with raw header lists does twice the requests per CPU second of node:http's client.
// Its faults, and what is done about them here or where it is called:
// - `Expect`, `Transfer-Encoding`, `Upgrade` and a second `Host` in a request throw: headers.ts leaves them out.
// - its own 300 s timeouts would answer before our deadline: off, or set to ours.
// - it destroys a request's body stream when the response ends first: body.ts makes that harmless.
import type { Dispatcher, Pool as PoolType } from 'undici';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Body } from '../ingress/body.ts';
import type { RawHeaders } from '../store/record.ts';

export type Controller = Dispatcher.DispatchController;
export type ResponseHandler = Dispatcher.DispatchHandler;

export interface ContainerRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
  readonly body: Body;
}

export interface ContainerOptions {
  /** What may be inside at a time. More connections than that are of no use. */
  readonly concurrency: number;
  /** `http://127.0.0.1:8000` */
  readonly origin: string;
  /** Longest silence inside a response body. */
  readonly idleTimeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Below the 5 s of uvicorn and Node: a connection is given up here before the container closes it under a request. */
const KEEP_ALIVE_MS = 4_000;

export class Container {
  readonly #pool: PoolType;
  /** For what passes beside the gate: it must not wait behind what is inside. */
  readonly #beside: PoolType;

  constructor({ origin, concurrency, idleTimeoutMs }: ContainerOptions) {
    const options: PoolType.Options = {
      pipelining: 1,
      connectTimeout: CONNECT_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: 600_000,
      headersTimeout: 0,
      bodyTimeout: idleTimeoutMs,
      maxHeaderSize: 64 * 1024,
      allowH2: false,
    };
    // Without a bound undici opens a new connection whenever the others rest for the one turn of the event loop in which
    // it makes sure that they are still alive.
    this.#pool = new Pool(origin, { ...options, connections: concurrency });
    this.#beside = new Pool(origin, { ...options, connections: null });
  }

  /** Sends the request; the handler hears of everything else, errors included. */
  send(request: ContainerRequest, handler: ResponseHandler): void {
    dispatch(this.#pool, request, handler);
  }

  /** The same for who holds no slot. */
  sendBeside(request: ContainerRequest, handler: ResponseHandler): void {
    dispatch(this.#beside, request, handler);
  }

  /** Ends all connections; who is still inside hears of it. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#beside.destroy()]);
  }
}

function dispatch(pool: PoolType, { target, method, headers, body }: ContainerRequest, handler: ResponseHandler): void {
  pool.dispatch({ path: target, method, headers: headers as string[], body }, handler);
}

/** Raw header lines as undici gives them, as text. */
export function rawLines(raw: unknown): string[] {
  const lines: string[] = [];
  for (const part of (raw ?? []) as readonly Buffer[]) lines.push(part.toString('latin1'));
  return lines;
}
