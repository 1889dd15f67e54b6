// What is due when: arrival numbers by a time, the earliest first, kept in memory beside the file, where an index would cost each
// request two changes on the disk. An entry stays when it has become pointless: whoever meets it must look.

export interface Entry {
  readonly atMs: number;
  readonly seq: number;
}

const smallest = 1024;

/** A binary heap over two lists of numbers: a million entries take 16 MB, as objects they would take three times that. */
export class Agenda {
  #times: number[] = [];
  #seqs: number[] = [];

  get size(): number {
    return this.#times.length;
  }

  add(atMs: number, seq: number): void {
    this.#times.push(atMs);
    this.#seqs.push(seq);
    let at = this.#times.length - 1;
    for (let above = (at - 1) >> 1; at > 0 && this.#time(above) > atMs; above = (at - 1) >> 1) {
      this.#put(at, this.#time(above), this.#seqs[above] as number);
      at = above;
    }
    this.#put(at, atMs, seq);
  }

  /** Takes out the earliest entry whose time has come. */
  takeDue(nowMs: number): Entry | undefined {
    const [atMs, seq] = [this.#times[0], this.#seqs[0]];
    if (atMs === undefined || seq === undefined || atMs > nowMs) return undefined;
    const [lastTime, lastSeq] = [this.#times.pop() as number, this.#seqs.pop() as number];
    if (this.size > 0) {
      this.#put(0, lastTime, lastSeq);
      this.#sink(0);
    }
    return { atMs, seq };
  }

  /** Whether most of it is pointless, when so many entries count. */
  isLoose(counting: number): boolean {
    return this.size >= smallest && this.size > counting * 2;
  }

  keep(counts: (entry: Entry) => boolean): void {
    let kept = 0;
    for (let at = 0; at < this.size; at++) {
      const [atMs, seq] = [this.#time(at), this.#seqs[at] as number];
      if (counts({ atMs, seq })) this.#put(kept++, atMs, seq);
    }
    this.#times.length = kept;
    this.#seqs.length = kept;
    for (let at = (kept >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  #sink(from: number): void {
    const [atMs, seq] = [this.#time(from), this.#seqs[from] as number];
    let at = from;
    for (let below = at * 2 + 1; below < this.size; below = at * 2 + 1) {
      if (below + 1 < this.size && this.#time(below + 1) < this.#time(below)) below++;
      if (this.#time(below) >= atMs) break;
      this.#put(at, this.#time(below), this.#seqs[below] as number);
      at = below;
    }
    this.#put(at, atMs, seq);
  }

  #time(at: number): number {
    return this.#times[at] as number;
  }

  #put(at: number, atMs: number, seq: number): void {
    this.#times[at] = atMs;
    this.#seqs[at] = seq;
  }
}
