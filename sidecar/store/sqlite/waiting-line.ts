// How many wait before a place in line, in O(log n): a Fenwick tree over arrival numbers, kept in memory beside the file,
// because SQL would count rows one by one. Rebuilt when the store opens.

const smallest = 1024;

export class WaitingLine {
  /** Arrival number of the first place the tree covers. */
  #base = 1;
  #isWaiting = new Uint8Array(smallest);
  #sums = new Uint32Array(smallest + 1);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(seq: number): void {
    // An empty tree holds only zeros, whatever it covers.
    if (this.#length === 0) this.#base = seq;
    if (seq < this.#base || seq - this.#base >= this.#isWaiting.length) this.#makeRoomFor(seq);
    this.#put(seq - this.#base);
  }

  remove(seq: number): void {
    const at = seq - this.#base;
    if (this.#isWaiting[at] !== 1) return;
    this.#isWaiting[at] = 0;
    this.#length--;
    this.#change(at, -1);
  }

  /** Requests in line that arrived before this number. */
  before(seq: number): number {
    let sum = 0;
    for (let at = Math.min(seq - this.#base, this.#isWaiting.length); at > 0; at -= at & -at)
      sum += this.#sums[at] ?? 0;
    return sum;
  }

  has(seq: number): boolean {
    return this.#isWaiting[seq - this.#base] === 1;
  }

  /** Arrival number of the first in line. */
  first(): number | undefined {
    if (this.#length === 0) return undefined;
    let empty = 0;
    for (let step = this.#isWaiting.length; step > 0; step >>= 1) {
      if (empty + step < this.#sums.length && this.#sums[empty + step] === 0) empty += step;
    }
    return this.#base + empty;
  }

  #change(at: number, by: number): void {
    for (let i = at + 1; i < this.#sums.length; i += i & -i) this.#sums[i] = (this.#sums[i] ?? 0) + by;
  }

  #put(at: number): void {
    if (this.#isWaiting[at] === 1) return;
    this.#isWaiting[at] = 1;
    this.#length++;
    this.#change(at, 1);
  }

  #makeRoomFor(seq: number): void {
    const waiting: number[] = [];
    for (const [at, is] of this.#isWaiting.entries()) if (is === 1) waiting.push(this.#base + at);
    const first = Math.min(seq, waiting[0] ?? seq);
    const last = Math.max(seq, waiting.at(-1) ?? seq);
    let size = smallest;
    // Twice what is needed, so that the next rebuild is as far away as this one was.
    while (size < (last - first + 1) * 2) size *= 2;
    this.#base = first;
    this.#isWaiting = new Uint8Array(size);
    this.#sums = new Uint32Array(size + 1);
    this.#length = 0;
    for (const number of waiting) this.#put(number - first);
  }
}
