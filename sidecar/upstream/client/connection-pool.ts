// The connections to one address: the one that rested last is taken first, a new one is made where none rests. Who may be
// inside is the gate's business, so no more are made than it lets in.
import { guarded } from '../../../runtime/boundary.ts';
import type { Clock, Timer } from '../../../runtime/clock.ts';
import { type Address, Connection, type ConnectionOwner } from './connection.ts';
import { ClientFault } from './fault.ts';
import type { RoundTrip } from './round-trip.ts';

export interface PoolOptions {
  readonly address: Address;
  readonly clock: Clock;
  /** Longest silence inside a response body. */
  readonly longestSilenceMs: number;
  /** Our own code threw, and not for a round trip. Does not throw. */
  failed(error: unknown): void;
}

/** How often the connections are looked at: times are kept to within this. */
const LOOK_MS = 500;
/** As much as the kernel hands over at a time. */
const READ_BYTES = 64 * 1024;

export class ConnectionPool implements ConnectionOwner {
  readonly readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #options: PoolOptions;
  readonly #connections = new Set<Connection>();
  readonly #resting: Connection[] = [];
  /** Taken in this turn of the event loop. */
  #taken: Connection[] = [];
  #turn = 0;
  #looking: Timer | undefined;
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  send(trip: RoundTrip): void {
    if (this.#isClosed) {
      process.nextTick(
        guarded(
          () => this.#refuse(trip),
          (error) => trip.handler.failed(error),
        ),
      );
      return;
    }
    const nowMs = this.#options.clock.monotonicMs();
    if (trip.request.isUpgrade === true) {
      this.#connect(trip);
      return;
    }
    for (let rested = this.#resting.pop(); rested !== undefined; rested = this.#resting.pop()) {
      if (rested.restsUntilMs > nowMs) {
        this.#take(rested, trip);
        return;
      }
      rested.destroy();
    }
    this.#connect(trip);
  }

  rested(connection: Connection, keepAliveMs: number): void {
    connection.restsUntilMs = this.#options.clock.monotonicMs() + keepAliveMs;
    connection.restedInTurn = this.#turn;
    this.#resting.push(connection);
  }

  missed(trip: RoundTrip): void {
    this.send(trip);
  }

  failed(error: unknown): void {
    this.#options.failed(error);
  }

  gone(connection: Connection): void {
    this.#connections.delete(connection);
    const at = this.#resting.indexOf(connection);
    if (at >= 0) this.#resting.splice(at, 1);
  }

  /** Ends all connections; who is still on one hears of it. */
  close(): void {
    this.#isClosed = true;
    this.#looking?.cancel();
    for (const connection of [...this.#connections]) connection.fail(closed());
  }

  /**
   * Written to only after the event loop has looked at all sockets once since the connection came to rest, and at those of
   * this turn: where the container has closed it meanwhile, or right behind its response, that is found out, and another
   * one taken, before anything is written to it.
   */
  #take(connection: Connection, trip: RoundTrip): void {
    connection.take(trip);
    if (this.#taken.push(connection) === 1) setImmediate(this.#writeTaken);
  }

  readonly #writeTaken = (): void => {
    const taken = this.#taken;
    const turn = this.#turn++;
    this.#taken = [];
    for (const connection of taken) {
      if (connection.restedInTurn === turn) {
        if (this.#taken.push(connection) === 1) setImmediate(this.#writeTaken);
        continue;
      }
      try {
        connection.write();
      } catch (error) {
        connection.threw(error);
      }
    }
  };

  #connect(trip: RoundTrip): void {
    this.#connections.add(new Connection(this.#options.address, this, trip));
    this.#looking ??= this.#lookLater();
  }

  #lookLater(): Timer {
    return this.#options.clock.after(LOOK_MS, () => {
      const nowMs = this.#options.clock.monotonicMs();
      for (const connection of [...this.#connections]) {
        try {
          if (!connection.isResting) connection.look(nowMs, this.#options.longestSilenceMs);
          else if (connection.restsUntilMs <= nowMs) connection.destroy();
        } catch (error) {
          connection.threw(error);
        }
      }
      this.#looking = this.#connections.size > 0 ? this.#lookLater() : undefined;
    });
  }

  #refuse(trip: RoundTrip): void {
    if (trip.isOver) return;
    trip.over();
    trip.handler.onResponseError(closed());
  }
}

function closed(): ClientFault {
  return new ClientFault('CLOSED', 'the connections to it are closed');
}
