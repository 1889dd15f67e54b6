// Runs the writing steps of one turn of the event loop in one transaction: one flush of the disk for all of them.
// A step's promise resolves only after the commit. If one step or the commit fails, all of the group are rolled back and rejected.
import { monotonicMs } from '../../../runtime/clock.ts';
import type { StoreObserver } from '../store.ts';
import type { Database } from './database.ts';

interface Step {
  readonly name: string;
  readonly startedMs: number;
  readonly work: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  result: unknown;
}

/** Memory that belongs to the data: told when a group begins and is about to end, and whether it came to stay. */
export interface GroupMember {
  begun(): void;
  /** The last chance to write. */
  committing(): void;
  committed(): void;
  rolledBack(): void;
}

export class GroupCommit {
  readonly #database: Database;
  readonly #member: GroupMember;
  readonly #observer: StoreObserver;
  #waiting: Step[] = [];
  #error: string | null = null;

  constructor(database: Database, member: GroupMember, observer: StoreObserver) {
    this.#database = database;
    this.#member = member;
    this.#observer = observer;
  }

  /** Why the last group failed; null since one succeeded. */
  get error(): string | null {
    return this.#error;
  }

  do<T>(name: string, work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.flush());
      const step = { name, startedMs: monotonicMs(), work, resolve, reject, result: undefined };
      this.#waiting.push(step as Step);
    });
  }

  flush(): void {
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    this.#member.begun();
    try {
      this.#database.run('BEGIN IMMEDIATE');
      for (const step of group) step.result = step.work();
      this.#member.committing();
      this.#database.run('COMMIT');
      this.#error = null;
    } catch (error) {
      this.#undo();
      const failure = this.#database.explain(error);
      this.#error = failure.message;
      for (const { name, reject } of group) {
        this.#observer.storeError(name);
        reject(failure);
      }
      return;
    }
    const endedMs = monotonicMs();
    for (const { name, startedMs, resolve, result } of group) {
      this.#observer.storeLatency(name, (endedMs - startedMs) / 1000);
      resolve(result);
    }
    this.#member.committed();
  }

  #undo(): void {
    try {
      this.#database.rollback();
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
    this.#member.rolledBack();
  }
}
