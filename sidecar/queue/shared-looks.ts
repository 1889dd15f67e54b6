// Clients that were told of a change together look at the same thing together: looks of one turn of the event loop are one.
// Only of one turn: who looks later must see what happened in between.

export class SharedLooks<T> {
  readonly #looks = new Map<string, Promise<T>>();

  /** What `look` finds, or what it found for another caller with this key in this turn. */
  share(key: string, look: () => Promise<T>): Promise<T> {
    const shared = this.#looks.get(key);
    if (shared !== undefined) return shared;
    if (this.#looks.size === 0) setImmediate(() => this.#looks.clear());
    const own = look();
    this.#looks.set(key, own);
    return own;
  }
}
