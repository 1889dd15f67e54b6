// All client connections: looked at from time to time by one timer, so that no request needs one; closed together.
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../../runtime/clock.ts';
import type { MemoryBudget } from '../../memory-budget.ts';
import { ClientConnection } from './connection.ts';
import type { ConnectionWays } from './connection-ways.ts';
import { CONNECTION_BYTES } from './weight.ts';

/** Times are kept to within two of these. */
const MOST_BETWEEN_LOOKS_MS = 1_000;
const LOOKS_IN_A_TIME = 4;
/** Of what heads may take: so much is freed at a time, so that not each newcomer has to look for who is to go. */
const SHED_SHARE = 1 / 16;

export class ClientConnections {
  readonly #ways: ConnectionWays;
  readonly #clock: Clock;
  readonly #memory: MemoryBudget;
  readonly #betweenLooksMs: number;
  readonly #open = new Set<ClientConnection>();
  #looking: Timer | undefined;

  constructor(ways: Omit<ConnectionWays, 'gone' | 'clock'>, clock: Clock) {
    const { headersTimeoutMs, bodySilenceMs, keepAliveMs } = ways.limits;
    const shortestMs = Math.min(headersTimeoutMs, bodySilenceMs, keepAliveMs, ways.idleTimeoutMs);
    this.#betweenLooksMs = Math.min(MOST_BETWEEN_LOOKS_MS, shortestMs / LOOKS_IN_A_TIME);
    this.#ways = { ...ways, clock, gone: (connection) => this.#gone(connection) };
    this.#clock = clock;
    this.#memory = ways.memory;
    this.#memory.onShortage = (missing) => this.#shed(missing);
  }

  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket): void {
    if (!this.#memory.takeHeap(CONNECTION_BYTES)) {
      this.#memory.refusals++;
      socket.destroy();
      return;
    }
    this.#open.add(new ClientConnection(socket, this.#ways));
    this.#looking ??= this.#lookLater();
  }

  /** Those that clients keep open for later. */
  endIdle(): void {
    for (const connection of this.#open) connection.endIdle();
  }

  closeAll(): void {
    for (const connection of this.#open) connection.destroy();
  }

  #gone(connection: ClientConnection): void {
    this.#open.delete(connection);
    this.#memory.giveHeap(CONNECTION_BYTES);
  }

  /** The oldest connections first: a client that means well has sent its head by then. */
  #shed(missing: number): void {
    let wanted = Math.max(missing, this.#memory.limits.heapBytes * SHED_SHARE);
    for (const connection of this.#open) {
      wanted -= connection.shed();
      if (wanted <= 0) return;
    }
  }

  #lookLater(): Timer {
    return this.#clock.after(this.#betweenLooksMs, () => {
      const nowMs = this.#clock.monotonicMs();
      for (const connection of this.#open) {
        try {
          connection.look(nowMs);
        } catch (error) {
          connection.failed(error);
        }
      }
      this.#looking = this.#open.size > 0 ? this.#lookLater() : undefined;
    });
  }
}
