// Clients that were told of a change together look at the same thing together: looks from one callback of the event loop, and
// what continues with it, are one. Only those: a later look must see what happened in between.

export class SharedLooks<T> {
  readonly #looks = new Map<string, Promise<T>>();

  /** What `look` finds, or what it found for another caller with this key. */
  share(key: string, look: () => Promise<T>): Promise<T> {
    const shared = this.#looks.get(key);
    if (shared !== undefined) return shared;
    if (this.#looks.size === 0) process.nextTick(() => this.#looks.clear());
    const own = look();
    this.#looks.set(key, own);
    return own;
  }
}
