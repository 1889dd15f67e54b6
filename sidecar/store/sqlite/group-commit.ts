// Runs the writing steps of one turn of the event loop in one transaction: one flush of the disk for all of them.
// A step's promise resolves only after the commit. If one step or the commit fails, all of the group are rolled back and rejected.
import { monotonicMs } from '../../../runtime/clock.ts';
import type { StoreObserver } from '../store.ts';
import type { Database } from './database.ts';

interface Step {
  run(): void;
  resolve(): void;
  reject(error: unknown): void;
}

/** Memory that belongs to the data: told when a group begins, and whether it came to stay. */
export interface GroupMember {
  begun(): void;
  committed(): void;
  rolledBack(): void;
}

export class GroupCommit {
  readonly #database: Database;
  readonly #members: readonly GroupMember[];
  readonly #observer: StoreObserver;
  #waiting: Step[] = [];
  #error: string | null = null;

  constructor(database: Database, members: readonly GroupMember[], observer: StoreObserver) {
    this.#database = database;
    this.#members = members;
    this.#observer = observer;
  }

  /** Why the last group failed; null since one succeeded. */
  get error(): string | null {
    return this.#error;
  }

  do<T>(name: string, work: () => T): Promise<T> {
    const startedMs = monotonicMs();
    return new Promise<T>((resolve, reject) => {
      let result: T;
      if (this.#waiting.length === 0) setImmediate(() => this.flush());
      this.#waiting.push({
        run: () => {
          result = work();
        },
        resolve: () => {
          this.#observer.storeLatency(name, (monotonicMs() - startedMs) / 1000);
          resolve(result);
        },
        reject: (error) => {
          this.#observer.storeError(name);
          reject(error);
        },
      });
    });
  }

  flush(): void {
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    for (const member of this.#members) member.begun();
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const step of group) step.run();
      this.#database.exec('COMMIT');
      this.#error = null;
    } catch (error) {
      this.#undo();
      const failure = this.#database.explain(error);
      this.#error = failure.message;
      for (const step of group) step.reject(failure);
      return;
    }
    for (const step of group) step.resolve();
    for (const member of this.#members) member.committed();
  }

  #undo(): void {
    try {
      this.#database.rollback();
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
    for (const member of this.#members) member.rolledBack();
  }
}
