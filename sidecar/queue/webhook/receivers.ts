// Who webhooks go to, and how many are under way to each: a receiver that is slow holds up what is for itself, nothing else.

/** Under way to one receiver at a time. */
const MAX_PER_RECEIVER = 16;
/** Under way in all, so that very many receivers cannot use up sockets. */
const MAX_IN_ALL = 256;
/** Taken for the time of a delivery before one was measured. */
const FIRST_MEAN_MS = 500;
/** Weight of the newest measurement. */
const WEIGHT = 0.2;
const MIN_POSTPONED_MS = 100;
const MAX_POSTPONED_MS = 600_000;

interface Receiver {
  underWay: number;
  meanMs: number;
  /** When the last one that was postponed has its turn. */
  bookedUntilMs: number;
}

export class Receivers {
  readonly #receivers = new Map<string, Receiver>();
  #underWay = 0;

  /** Takes a place for a delivery; undefined where there is none now. Returns the way to give it back. */
  enter(origin: string, nowMs: number): ((endedMs: number) => void) | undefined {
    const receiver = this.#receiverOf(origin, nowMs);
    if (receiver.underWay === MAX_PER_RECEIVER || this.#underWay === MAX_IN_ALL) return undefined;
    receiver.underWay++;
    this.#underWay++;
    return (endedMs) => {
      receiver.underWay--;
      this.#underWay--;
      receiver.meanMs += WEIGHT * (endedMs - nowMs - receiver.meanMs);
      if (receiver.underWay === 0 && receiver.bookedUntilMs <= endedMs) this.#receivers.delete(origin);
    };
  }

  /** How long one that found no place should wait: as many have their turn before it as were sent away before it. */
  postpone(origin: string, nowMs: number): number {
    const receiver = this.#receiverOf(origin, nowMs);
    const from = Math.max(receiver.bookedUntilMs, nowMs);
    const turnMs = Math.min(from + receiver.meanMs / MAX_PER_RECEIVER, nowMs + MAX_POSTPONED_MS);
    receiver.bookedUntilMs = turnMs;
    return Math.max(Math.ceil(turnMs - nowMs), MIN_POSTPONED_MS);
  }

  #receiverOf(origin: string, nowMs: number): Receiver {
    let receiver = this.#receivers.get(origin);
    if (receiver === undefined) {
      receiver = { underWay: 0, meanMs: FIRST_MEAN_MS, bookedUntilMs: nowMs };
      this.#receivers.set(origin, receiver);
    }
    return receiver;
  }
}
