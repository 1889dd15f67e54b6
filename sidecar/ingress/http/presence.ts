// Whether a client that has closed its side is still there. Closed for sending (RFC 9112, 9.6) and closed for good look alike: only what
// is sent to it tells, since a client that is gone answers with a reset. Sent is the beginning of its answer, byte by byte.
import type { Clock, Timer } from '../../../runtime/clock.ts';

/** The second byte finds the connection reset where nobody is there: as long as a reset takes in a data centre, then less and less often. */
const FIRST_PAUSE_MS = 20;

export class Presence {
  readonly #clock: Clock;
  readonly #send: () => void;
  #timer: Timer | undefined;

  /** `send` sends a byte, if there is one that is known already. */
  constructor(clock: Clock, send: () => void) {
    this.#clock = clock;
    this.#send = send;
    this.#ask(FIRST_PAUSE_MS);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #ask(pauseMs: number): void {
    this.#send();
    this.#timer = this.#clock.after(pauseMs, () => this.#ask(2 * pauseMs));
  }
}
