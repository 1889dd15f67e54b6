// All client connections: looked at from time to time by one timer, so that no request needs one; closed together.
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../../runtime/clock.ts';
import { ClientConnection, type ConnectionWays } from './connection.ts';

/** Times are kept to within two of these. */
const MOST_BETWEEN_LOOKS_MS = 1_000;
const LOOKS_IN_A_TIME = 4;

export class ClientConnections {
  readonly #ways: ConnectionWays;
  readonly #clock: Clock;
  readonly #betweenLooksMs: number;
  readonly #open = new Set<ClientConnection>();
  #looking: Timer | undefined;

  constructor(ways: Omit<ConnectionWays, 'gone'>, clock: Clock) {
    const { headersTimeoutMs, bodySilenceMs, keepAliveMs } = ways.limits;
    const shortestMs = Math.min(headersTimeoutMs, bodySilenceMs, keepAliveMs);
    this.#betweenLooksMs = Math.min(MOST_BETWEEN_LOOKS_MS, shortestMs / LOOKS_IN_A_TIME);
    this.#ways = { ...ways, gone: (connection) => this.#open.delete(connection) };
    this.#clock = clock;
  }

  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket): void {
    this.#open.add(new ClientConnection(socket, this.#ways));
    this.#looking ??= this.#lookLater();
  }

  /** Those that clients keep open for later. */
  closeIdle(): void {
    for (const connection of this.#open) if (connection.isIdle) connection.destroy();
  }

  closeAll(): void {
    for (const connection of this.#open) connection.destroy();
  }

  #lookLater(): Timer {
    return this.#clock.after(this.#betweenLooksMs, () => {
      const nowMs = this.#clock.monotonicMs();
      for (const connection of this.#open) connection.look(nowMs);
      this.#looking = this.#open.size > 0 ? this.#lookLater() : undefined;
    });
  }
}
