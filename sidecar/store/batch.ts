// Gathers the steps of one turn of the event loop into one call of the store: half the CPU of a call each, and where requests
// arrive together they share a round trip or a commit. A lone step goes out in the same turn, so it waits for nothing.

export interface BatchOptions<Item, Reply> {
  readonly maxItems: number;
  readonly maxBytes: number;
  sizeOf(item: Item): number;
  /** The replies in the order of the items. */
  send(items: readonly Item[]): Promise<readonly Reply[]>;
}

interface Waiting<Item, Reply> {
  readonly item: Item;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

export class Batch<Item, Reply> {
  readonly #options: BatchOptions<Item, Reply>;
  #waiting: Waiting<Item, Reply>[] = [];
  #bytes = 0;

  constructor(options: BatchOptions<Item, Reply>) {
    this.#options = options;
  }

  add(item: Item): Promise<Reply> {
    const size = this.#options.sizeOf(item);
    if (this.#waiting.length > 0 && this.#bytes + size > this.#options.maxBytes) this.#flush();
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ item, resolve, reject });
      this.#bytes += size;
      if (this.#waiting.length >= this.#options.maxItems) this.#flush();
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#bytes = 0;
    this.#options.send(waiting.map(({ item }) => item)).then(
      (replies) => {
        for (const [i, { resolve }] of waiting.entries()) resolve(replies[i] as Reply);
      },
      (error: unknown) => {
        for (const { reject } of waiting) reject(error);
      },
    );
  }
}
