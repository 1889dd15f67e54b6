// What was written to a client and is not read yet: it counts in the memory budget, and a client that has stopped reading is cut off.
import type { Socket } from 'node:net';
import type { MemoryBudget } from '../../memory-budget.ts';

export class UnreadBytes {
  readonly #socket: Socket;
  readonly #memory: MemoryBudget;
  #takenBytes = 0;
  /** What had been sent when the client was last seen to read, or to have nothing to read. */
  #sentBytes = 0;
  #readAtMs = 0;

  constructor(socket: Socket, memory: MemoryBudget) {
    this.#socket = socket;
    this.#memory = memory;
  }

  /** After a write, and from time to time. Cuts the client off where there is no memory left for what it does not read. */
  count(): void {
    const moreBytes = this.#socket.writableLength - this.#takenBytes;
    if (moreBytes === 0) return;
    if (moreBytes > 0 && !this.#memory.take(moreBytes)) {
      this.#memory.refusals++;
      this.#socket.destroy();
      return;
    }
    if (moreBytes < 0) this.#memory.give(-moreBytes);
    this.#takenBytes += moreBytes;
  }

  /** Time for which the client has read nothing, though there was something. `sentBytes`: see `SocketReader.sentBytes`. */
  stalledMs(nowMs: number, sentBytes: number): number {
    if (this.#socket.writableLength === 0 || sentBytes !== this.#sentBytes) {
      this.#sentBytes = sentBytes;
      this.#readAtMs = nowMs;
    }
    return nowMs - this.#readAtMs;
  }

  /** The connection is gone. */
  release(): void {
    this.#memory.give(this.#takenBytes);
    this.#takenBytes = 0;
  }
}
