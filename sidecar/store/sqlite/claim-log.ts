// What each claim gave out, in the file, so that an attempt counts that a crash cuts short. One row a claim, instead of a change to
// each request: it lists places by arrival, and goes when none of them is running any more. A request that ended has its ending beside
// it, so only what goes back in line has to be taken out of the list.
import type { Database } from './database.ts';
import type { Undo } from './undo.ts';

export interface Given {
  readonly token: string;
  readonly startedAtMs: number;
  readonly seqs: readonly number[];
}

export class ClaimLog {
  readonly #database: Database;
  readonly #undo: Undo;
  readonly #running = new Map<string, Set<number>>();

  constructor(database: Database, undo: Undo) {
    this.#database = database;
    this.#undo = undo;
  }

  /** What ran when the file was last open. */
  read(): readonly Given[] {
    const rows = this.#database.all<{ token: string; startedAtMs: number; given: string }>(
      'SELECT token, started_at AS startedAtMs, given FROM claims',
    );
    const claims = rows.map(({ given, ...rest }) => ({
      ...rest,
      seqs: (JSON.parse(given) as number[]).filter((seq) => this.#isRunning(seq)),
    }));
    for (const { token, seqs } of claims) {
      const left = new Set(seqs);
      this.#running.set(token, left);
      // A place that has become free at the end of the line is given away again.
      this.#rewrite(token, left);
    }
    return claims;
  }

  add({ token, startedAtMs, seqs }: Given): void {
    this.#database.run(
      'INSERT INTO claims (token, started_at, given) VALUES (?, ?, ?)',
      token,
      startedAtMs,
      JSON.stringify(seqs),
    );
    this.#running.set(token, new Set(seqs));
    this.#undo.orElse(() => this.#running.delete(token));
  }

  ended(token: string, seq: number): void {
    this.#takeOut(token, seq);
  }

  wentBack(token: string, seq: number): void {
    const left = this.#takeOut(token, seq);
    if (left !== undefined) this.#rewrite(token, left);
  }

  #isRunning(seq: number): boolean {
    const running =
      'SELECT 1 FROM requests WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM endings WHERE endings.seq = requests.seq)';
    return this.#database.list(running, seq) !== undefined;
  }

  #rewrite(token: string, left: ReadonlySet<number>): void {
    if (left.size > 0) {
      this.#database.run('UPDATE claims SET given = ? WHERE token = ?', JSON.stringify([...left]), token);
      return;
    }
    this.#running.delete(token);
    this.#database.run('DELETE FROM claims WHERE token = ?', token);
  }

  /** Returns those that still run. */
  #takeOut(token: string, seq: number): ReadonlySet<number> | undefined {
    const left = this.#running.get(token);
    if (left?.delete(seq) !== true) return undefined;
    this.#undo.orElse(() => left.add(seq));
    if (left.size > 0) return left;
    this.#undo.orElse(() => this.#running.set(token, left));
    this.#rewrite(token, left);
    return undefined;
  }
}
