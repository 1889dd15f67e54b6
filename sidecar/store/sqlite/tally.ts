// Sums over the rows, kept in memory because adding them up takes longer the more there are. Follows the transactions.

export interface Sums {
  deadLetters: number;
  bytes: number;
}

export class Tally {
  #now: Sums = { deadLetters: 0, bytes: 0 };
  #before: Sums = this.#now;

  get sums(): Readonly<Sums> {
    return this.#now;
  }

  set(sums: Sums): void {
    this.#now = { ...sums };
  }

  add(kind: keyof Sums, by: number): void {
    this.#now[kind] += by;
  }

  begun(): void {
    this.#before = { ...this.#now };
  }

  rolledBack(): void {
    this.#now = this.#before;
  }
}
