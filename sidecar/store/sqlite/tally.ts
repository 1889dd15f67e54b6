// Counts of a deployment kept in memory, because counting rows takes longer the more there are. Follows the transactions.
import type { GroupMember } from './group-commit.ts';

export interface Counts {
  queued: number;
  delayed: number;
  running: number;
  deadLetters: number;
  bytes: number;
}

export class Tally implements GroupMember {
  #now: Counts = { queued: 0, delayed: 0, running: 0, deadLetters: 0, bytes: 0 };
  #before: Counts = this.#now;

  get counts(): Readonly<Counts> {
    return this.#now;
  }

  set(counts: Counts): void {
    this.#now = { ...counts };
  }

  add(kind: keyof Counts, by: number): void {
    this.#now[kind] += by;
  }

  begun(): void {
    this.#before = { ...this.#now };
  }

  committed(): void {
    this.#before = this.#now;
  }

  rolledBack(): void {
    this.#now = this.#before;
  }
}
