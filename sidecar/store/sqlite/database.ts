// Opens the file of the embedded store and explains what is wrong with it. The only file that touches node:sqlite;
// it is loaded when first needed, so that a sidecar with Redis does not pay for it.
import { closeSync, fdatasync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { StoreError } from '../store.ts';
import { about, schema, schemaVersion } from './schema.ts';

/** How long another process may still hold the file: a sidecar that is just ending. */
const lockWaitMs = 5000;

export class Database {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #lists = new Map<string, StatementSync>();
  #changes = 0;
  /** SQLite's log, opened beside it. */
  #log: number | undefined;

  private constructor(path: string, db: DatabaseSync) {
    this.path = path;
    this.#db = db;
  }

  /** `deployment` is kept in the file: two deployments must not share one. */
  static open(path: string, deployment: string): Database {
    try {
      mkdirSync(dirname(path), { recursive: true });
      const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
      const database = new Database(path, new DatabaseSync(path, { timeout: lockWaitMs }));
      try {
        database.#prepareFile(deployment);
        return database;
      } catch (error) {
        database.close();
        throw error;
      }
    } catch (error) {
      throw explain(error, path);
    }
  }

  close(): void {
    this.#statements.clear();
    this.#lists.clear();
    if (this.#db.isOpen) this.#db.close();
    if (this.#log !== undefined) closeSync(this.#log);
    this.#log = undefined;
  }

  /**
   * Flushes the log: what was committed before is on the disk, as after each commit with synchronous=FULL, but without holding up
   * the event loop. Not to be closed meanwhile.
   */
  flush(done: (error: Error | null) => void): void {
    try {
      this.#log ??= openSync(`${this.path}-wal`, 'r+');
    } catch (error) {
      done(this.#flushOtherwise(error as Error));
      return;
    }
    fdatasync(this.#log, (error) => done(error === null ? null : this.#flushOtherwise(error)));
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  begin(): void {
    this.#prepare('BEGIN IMMEDIATE').run();
  }

  commit(): void {
    this.#prepare('COMMIT').run();
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#changes += Number(this.#prepare(sql).run(...values).changes);
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  /** A row as the list of its values. */
  list<Values>(sql: string, ...values: SQLInputValue[]): Values | undefined {
    return this.#prepareList(sql).get(...values) as Values | undefined;
  }

  /** The one value of a row, which is bytes. */
  bytes(sql: string, ...values: SQLInputValue[]): Buffer | undefined {
    const found = this.list<readonly [Uint8Array | null]>(sql, ...values)?.[0];
    return found == null ? undefined : Buffer.from(found.buffer, found.byteOffset, found.byteLength);
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  /** Rows as lists, one at a time, where there may be very many. */
  each<Values>(sql: string): Iterable<Values> {
    return this.#prepareList(sql).iterate() as unknown as Iterable<Values>;
  }

  /** Rows changed since the file was opened. */
  get changes(): number {
    return this.#changes;
  }

  /** Of pages inside the file that hold nothing. */
  freeBytesInside(): number {
    const { freelist_count: pages } = this.get<{ freelist_count: number }>('PRAGMA freelist_count')!;
    const { page_size: bytes } = this.get<{ page_size: number }>('PRAGMA page_size')!;
    return pages * bytes;
  }

  explain(error: unknown): StoreError {
    return explain(error, this.path);
  }

  rollback(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  /**
   * A failed flush leaves it open which part of the log is on the disk, and a later one would not say. Into the file with all of it,
   * and a new log.
   */
  #flushOtherwise(reason: Error): Error | null {
    try {
      const { log, checkpointed } = this.get<{ log: number; checkpointed: number }>('PRAGMA wal_checkpoint(RESTART)')!;
      return log === checkpointed ? null : reason;
    } catch (error) {
      return error as Error;
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #prepareList(sql: string): StatementSync {
    let statement = this.#lists.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      statement.setReturnArrays(true);
      this.#lists.set(sql, statement);
    }
    return statement;
  }

  #prepareFile(deployment: string): void {
    // One process at a time: a second one would not hear of the first one's work, and both would count alone.
    this.#db.exec('PRAGMA locking_mode = EXCLUSIVE');
    this.#db.exec('PRAGMA journal_mode = WAL');
    // What was acknowledged is on the disk: GroupCommit flushes the log after each commit as synchronous = FULL does, but not on the
    // event loop's time. NORMAL leaves SQLite the flushes of its checkpoints: three each, which hold up the event loop. A log of
    // 4 MiB makes them rare; with one of 1 MiB the bench made a fifth less on a slow disk, and accepting was no faster at p99. With one of
    // 16 MiB they are as many times longer as they are rarer.
    this.#db.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 1000; PRAGMA temp_store = MEMORY');
    this.#db.exec(`BEGIN IMMEDIATE;${about}`);
    this.#claimFor('deployment', deployment);
    this.#claimFor('schema', String(schemaVersion));
    this.#db.exec(schema);
    this.#db.exec('COMMIT');
  }

  /** Throws where the file was another's, or has tables that only another version knows. */
  #claimFor(name: string, value: string): void {
    this.run('INSERT INTO about (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING', name, value);
    const kept = this.get<{ value: string }>('SELECT value FROM about WHERE name = ?', name)?.value;
    if (kept === value) return;
    throw new StoreError(`${this.path} belongs to ${name} ${kept}, not ${value}: give this sidecar a file of its own`);
  }
}

const explanations: readonly (readonly [number, string])[] = [
  [5, 'is in use by another process: each sidecar needs a file of its own'],
  [6, 'is in use by another process: each sidecar needs a file of its own'],
  [8, 'is read-only: mount its directory writable'],
  [10, 'cannot be read or written: the disk fails'],
  [11, 'is damaged: move it away to start with an empty one, or restore it from a backup'],
  [13, 'cannot grow: the disk is full'],
  [14, 'cannot be opened: its directory must exist and be writable'],
  [26, 'is not an SQLite database: move it away, or name another file'],
];

function explain(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  const known = explanations.find(([number]) => number === code);
  const sentence = known === undefined ? message : `${known[1]} (${message})`;
  return new StoreError(`the store file ${path} ${sentence}`, { cause: error });
}
