// Runs the writing steps of one turn of the event loop in one transaction, and flushes transactions to the disk in the background:
// one flush for all that were committed since the one before began. A step's promise resolves only after the flush that covers it.
// If one step or the commit fails, all of the group are rolled back and rejected.
import { monotonicMs } from '../../../runtime/clock.ts';
import { StoreError, type StoreObserver } from '../store.ts';
import type { Database } from './database.ts';

interface Step<Member> {
  readonly name: string;
  readonly startedMs: number;
  readonly isFlushed: boolean;
  readonly work: (member: Member) => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  result: unknown;
}

/** What one flush covers: steps, and readers who saw what they did. */
interface Flight<Member> {
  readonly steps: Step<Member>[];
  readonly readers: (() => void)[];
}

/** Memory that belongs to the data: told when a group begins, and whether it came to stay. */
export interface GroupMember {
  begun(): void;
  committed(): void;
  rolledBack(): void;
}

export class GroupCommit<Member extends GroupMember> {
  readonly #database: Database;
  readonly #member: Member;
  readonly #observer: StoreObserver;
  #isTurnDue = false;
  #waiting: Step<Member>[] = [];
  /** Committed since the flush under way began. */
  #next: Flight<Member> = { steps: [], readers: [] };
  #underWay: Flight<Member> | undefined;
  #commitError: string | null = null;
  /** Not null: what was committed before is not known to be on the disk. */
  #flushError: string | null = null;

  constructor(database: Database, member: Member, observer: StoreObserver) {
    this.#database = database;
    this.#member = member;
    this.#observer = observer;
  }

  /** Why the last group failed; null since one succeeded. */
  get error(): string | null {
    return this.#commitError ?? this.#flushError;
  }

  /** `isFlushed`: false for what may be lost with the machine's power, since a restart undoes it anyway. */
  do<T>(name: string, work: (member: Member) => T, isFlushed = true): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const step = { name, startedMs: monotonicMs(), isFlushed, work, resolve, reject, result: undefined };
      this.#waiting.push(step as Step<Member>);
      this.#turnSoon();
    });
  }

  /**
   * Resolves when what is committed now is on the disk: what a reader is told must not be undone by a loss of power. Where the
   * disk fails it reads on: `error` says so.
   */
  async flushed(): Promise<void> {
    const flight = this.#next.steps.length > 0 ? this.#next : this.#underWay;
    if (flight !== undefined) await new Promise<void>((resolve) => flight.readers.push(resolve));
  }

  /** Brings to an end what has begun, and what comes of it meanwhile. */
  async end(): Promise<void> {
    do {
      this.#turn();
      await this.flushed();
    } while (this.#waiting.length > 0 || this.#next.steps.length > 0 || this.#underWay !== undefined);
  }

  #turnSoon(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnDue = false;
    if (this.#waiting.length > 0) this.#commit();
    if (this.#next.steps.length > 0 && this.#underWay === undefined) this.#flush();
  }

  #commit(): void {
    const group = this.#waiting;
    this.#waiting = [];
    this.#member.begun();
    const changesBefore = this.#database.changes;
    try {
      this.#database.begin();
      for (const step of group) step.result = step.work(this.#member);
      this.#database.commit();
      this.#commitError = null;
    } catch (error) {
      this.#undo();
      this.#commitError = this.#reject(group, error);
      return;
    }
    // Those who changed nothing may have seen what another did: a submission that is there already.
    const isBehind = this.#database.changes > changesBefore || this.#next.steps.length > 0 || this.#flushError !== null;
    const flight = isBehind ? this.#next : this.#underWay;
    const endedMs = monotonicMs();
    for (const step of group) {
      if (step.isFlushed && flight !== undefined) flight.steps.push(step);
      else this.#resolve(step, endedMs);
    }
    this.#member.committed();
  }

  #flush(): void {
    const flight = this.#next;
    this.#next = { steps: [], readers: [] };
    this.#underWay = flight;
    this.#database.flush((error) => {
      this.#underWay = undefined;
      const endedMs = monotonicMs();
      // It is committed, and may be on the disk or not.
      this.#flushError = error === null ? null : this.#reject(flight.steps, error, false);
      if (error === null) for (const step of flight.steps) this.#resolve(step, endedMs);
      for (const call of flight.readers) call();
      // Not at once: those who were just answered have more to do, and that goes with the next flush.
      if (this.#next.steps.length > 0) this.#turnSoon();
    });
  }

  #resolve({ name, startedMs, resolve, result }: Step<Member>, endedMs: number): void {
    this.#observer.storeLatency(name, (endedMs - startedMs) / 1000);
    resolve(result);
  }

  /** Returns what they were told. */
  #reject(group: readonly Step<Member>[], error: unknown, isOutcomeKnown = true): string {
    const { message, cause } = this.#database.explain(error);
    const failure = new StoreError(message, { cause, isOutcomeKnown });
    for (const { name, reject } of group) {
      this.#observer.storeError(name);
      reject(failure);
    }
    return failure.message;
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
