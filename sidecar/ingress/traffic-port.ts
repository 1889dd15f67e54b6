// The traffic port: a listening socket whose connections are read by Node's own strict parser. Hands what comes to the pipeline;
// decides nothing.
import { type AddressInfo, createServer, type Server } from 'node:net';
import { guarded } from '../../runtime/boundary.ts';
import type { Clock } from '../../runtime/clock.ts';
import { listen } from '../../runtime/http.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import { AnswerHeads } from './http/answer-head.ts';
import type { ConnectionWays } from './http/connection-ways.ts';
import { ClientConnections } from './http/connections.ts';
import { NodeParser } from './http/node-parser.ts';
import type { ConnectionLimits } from './limits.ts';

export interface TrafficOptions {
  readonly limits: ConnectionLimits;
  readonly maxConnections: number;
  /** Longest time in which a client reads nothing of what is written to it. */
  readonly idleTimeoutMs: number;
}

export interface TrafficHandlers
  extends Pick<ConnectionWays, 'request' | 'upgrade' | 'broken' | 'isDraining' | 'failed'> {
  /** A connection more than there may be: Node has closed it. */
  dropped(): void;
}

/** A draining replica leaves a client this time to come back on its connection: closing at once would meet it half-way. */
const KEPT_FOR_MS = 1_000;
/** Time for who was answered last to read it. */
const LAST_WORD_MS = 1_000;

export class TrafficPort {
  readonly #options: TrafficOptions;
  readonly #memory: MemoryBudget;
  readonly #clock: Clock;
  readonly #parser = new NodeParser();
  readonly #server: Server;
  #connections: ClientConnections | undefined;

  constructor(options: TrafficOptions, memory: MemoryBudget, clock: Clock) {
    const { limits, maxConnections } = options;
    this.#options = options;
    this.#memory = memory;
    this.#clock = clock;
    // Half open: a client that has sent all it will may still have to read.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: limits.bodyAheadBytes });
    this.#server.maxConnections = maxConnections;
  }

  /** Known once it listens. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#connections?.size ?? 0;
  }

  serve(handlers: TrafficHandlers): void {
    const { limits, idleTimeoutMs } = this.#options;
    const heads = new AnswerHeads(this.#clock, limits.keepAliveMs);
    const ways = { ...handlers, parser: this.#parser, heads, limits, idleTimeoutMs, memory: this.#memory };
    const connections = new ClientConnections(ways, this.#clock);
    this.#connections = connections;
    this.#server
      .on('connection', (socket) => {
        try {
          connections.add(socket);
        } catch (error) {
          handlers.failed(error);
          socket.destroy();
        }
      })
      .on(
        'drop',
        guarded(() => handlers.dropped(), handlers.failed),
      );
  }

  listen(host: string, port: number): Promise<void> {
    return listen(this.#server, { host, port, flags: { host: '--host', port: '--port' } });
  }

  /** Closes what clients keep open for later, in a moment: who was answered just now may be on the way back. */
  closeKept(): void {
    // After the sockets were read: on a busy machine a request may have arrived that this loop has not seen yet.
    const close = () => void setImmediate(() => this.#connections?.endIdle());
    this.#clock.after(KEPT_FOR_MS, close);
  }

  /** Takes no new connections. Who is still there is answered by `giveUp`, and gets a moment to read it. */
  async close(giveUp: () => Promise<void>): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#connections?.endIdle();
    await giveUp();
    this.#connections?.endIdle();
    await Promise.race([closed, new Promise<void>((resolve) => this.#clock.after(LAST_WORD_MS, resolve))]);
    this.#connections?.closeAll();
  }
}
