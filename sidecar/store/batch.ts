// Gathers steps into one call of the store: half the CPU of a call each, and where requests arrive together they share a round
// trip or a commit. A lone step goes out in the same turn of the event loop, so it waits for nothing. Two calls at most are under
// way, so that the store works on one while we prepare the other; what comes meanwhile makes the next one larger.

export interface BatchOptions<Item, Reply> {
  readonly maxItems: number;
  readonly maxBytes: number;
  /** See `Batch.enough`. */
  readonly enough: number;
  sizeOf(item: Item): number;
  /**
   * The replies in the order of the items, an error for one that failed alone. `isTurnOver`: nothing more comes in this turn of the
   * event loop.
   */
  send(items: readonly Item[], isTurnOver: boolean): Promise<readonly (Reply | Error)[]>;
  /** When the turn ends. */
  atEndOfTurn(call: () => void): void;
}

interface Waiting<Item, Reply> {
  readonly item: Item;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

const maxCalls = 2;

export class Batch<Item, Reply> {
  /**
   * So many do not wait for the end of the turn. Without that, callers who were answered together come back together, in one call:
   * the store rests while we work, and we while it does.
   */
  enough: number;
  readonly #options: BatchOptions<Item, Reply>;
  #waiting: Waiting<Item, Reply>[] = [];
  #bytes = 0;
  #calls = 0;
  #isDue = false;

  constructor(options: BatchOptions<Item, Reply>) {
    this.#options = options;
    this.enough = options.enough;
  }

  add(item: Item): Promise<Reply> {
    const size = this.#options.sizeOf(item);
    if (this.#waiting.length > 0 && this.#bytes + size > this.#options.maxBytes) this.#flush(false);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#bytes += size;
      const { maxItems } = this.#options;
      const count = this.#waiting.length;
      if (count >= maxItems || (count >= this.enough && this.#calls < maxCalls)) this.#flush(false);
      else this.#flushAfterTurn();
    });
  }

  #flushAfterTurn(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#options.atEndOfTurn(() => {
      this.#isDue = false;
      if (this.#calls < maxCalls) this.#flush(true);
    });
  }

  #flush(isTurnOver: boolean): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#bytes = 0;
    this.#calls++;
    const items = waiting.map(({ item }) => item);
    this.#options.send(items, isTurnOver).then(
      (replies) => {
        this.#returned();
        for (const [i, { resolve, reject }] of waiting.entries()) {
          const reply = replies[i] as Reply | Error;
          if (reply instanceof Error) reject(reply);
          else resolve(reply);
        }
      },
      (error: unknown) => {
        this.#returned();
        for (const { reject } of waiting) reject(error);
      },
    );
  }

  #returned(): void {
    this.#calls--;
    if (this.#waiting.length > 0) this.#flushAfterTurn();
  }
}
