// From a request's id to its place by arrival. Ids come in no order: put into the index one by one, each rewrites a page of the
// file of its own. So the latest are kept in memory and go into the file by the thousand, sorted, a few with each commit.
// What a crash leaves out of the file is put in when it is opened.
import type { Database } from './database.ts';
import type { Undo } from './undo.ts';

/** Ids that are gathered before they are sorted and written; at most twice as many are in memory. */
const gathered = 4096;
/** Written with a commit for each id that it brought: faster than they come, so that a batch ends before the next begins. */
const writtenForEach = 2;
const watermark = 'ids written up to';

export class IdIndex {
  readonly #database: Database;
  readonly #undo: Undo;
  #gathering = new Map<string, number>();
  /** Being written: those of `#left` are still to come. */
  #writing = new Map<string, number>();
  #left: string[] = [];
  /** Every id of a smaller arrival number is in the file once nothing is left. */
  #writtenUpTo = 0;
  #latest = 0;
  #added = 0;

  constructor(database: Database, undo: Undo) {
    this.#database = database;
    this.#undo = undo;
  }

  /** Brings the file up to date. Returns the largest arrival number in use. */
  open(): number {
    const kept = this.#database.get<{ value: string }>('SELECT value FROM about WHERE name = ?', watermark);
    const writtenUpTo = Number(kept?.value ?? 0);
    this.#database.run(
      'INSERT OR REPLACE INTO ids (id, seq) SELECT id, seq FROM requests WHERE seq > ? ORDER BY id',
      writtenUpTo,
    );
    const { latest } = this.#database.get<{ latest: number | null }>('SELECT max(seq) AS latest FROM requests')!;
    this.#latest = Math.max(latest ?? 0, writtenUpTo);
    this.#remember(this.#latest);
    return this.#latest;
  }

  find(id: string): number | undefined {
    return (
      this.#gathering.get(id) ??
      this.#writing.get(id) ??
      this.#database.get<{ seq: number }>('SELECT seq FROM ids WHERE id = ?', id)?.seq
    );
  }

  /** Arrival numbers come in order, and no id twice. */
  add(id: string, seq: number): void {
    const gathering = this.#gathering;
    gathering.set(id, seq);
    this.#latest = seq;
    this.#added++;
    this.#undo.orElse(() => gathering.delete(id));
  }

  remove(id: string): void {
    if (this.#forget(this.#gathering, id)) return;
    this.#forget(this.#writing, id);
    this.#database.run('DELETE FROM ids WHERE id = ?', id);
  }

  /** This commit's share of the writing, as its last step. */
  write(): void {
    const added = this.#added;
    this.#added = 0;
    if (this.#gathering.size >= gathered && this.#left.length === 0) this.#turnOver();
    else if (added > 0 && this.#left.length > 0) this.#writeSome(added * writtenForEach);
  }

  #forget(map: Map<string, number>, id: string): boolean {
    const seq = map.get(id);
    if (seq === undefined) return false;
    map.delete(id);
    this.#undo.orElse(() => map.set(id, seq));
    return true;
  }

  #turnOver(): void {
    const [gathering, writing] = [this.#gathering, this.#writing];
    this.#gathering = new Map();
    this.#writing = gathering;
    this.#left = [...gathering.keys()].sort();
    this.#writtenUpTo = this.#latest;
    this.#undo.orElse(() => {
      this.#gathering = gathering;
      this.#writing = writing;
      this.#left = [];
    });
  }

  #writeSome(count: number): void {
    const some = this.#left.splice(-count);
    this.#undo.orElse(() => this.#left.push(...some));
    for (const id of some) {
      const seq = this.#writing.get(id);
      // It may have been removed since.
      if (seq !== undefined) this.#database.run('INSERT OR REPLACE INTO ids (id, seq) VALUES (?, ?)', id, seq);
    }
    if (this.#left.length === 0) this.#remember(this.#writtenUpTo);
  }

  #remember(seq: number): void {
    this.#database.run('INSERT OR REPLACE INTO about (name, value) VALUES (?, ?)', watermark, String(seq));
  }
}
