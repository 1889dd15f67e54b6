// From a request's id to its place by arrival, in memory alone: ids come in no order, so an index in the file would rewrite a page of
// its own for nearly each. Kept is a hash of each id, at most 32 bytes a request, and the row says whether it is the one: of a million
// ids one in four thousand makes us look in vain. A hash table in two flat arrays, because as a Map of texts it would take 100 bytes.
import { randomHex } from '../../../runtime/random-id.ts';
import type { Undo } from './undo.ts';

const smallest = 1024;
const fullest = 0.75;
const none: readonly number[] = [];

export class IdIndex {
  readonly #undo: Undo;
  /** Who sends ids cannot choose them to have one hash. */
  readonly #seed = Number.parseInt(randomHex(4), 16) | 0;
  #hashes = new Int32Array(smallest);
  /** Arrival numbers, which begin at 1; 0: free. */
  #seqs = new Float64Array(smallest);
  #count = 0;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  /** Where the request of this id may be: mostly nowhere or at one place. */
  placesOf(id: string): readonly number[] {
    const hash = this.#hashOf(id);
    let places = none;
    for (let at = this.#home(hash); this.#seqs[at] !== 0; at = this.#after(at)) {
      if (this.#hashes[at] === hash) places = [...places, this.#seqs[at] as number];
    }
    return places;
  }

  /** One that the file has: nothing takes it back. */
  read(id: string, seq: number): void {
    this.#put(this.#hashOf(id), seq);
  }

  add(id: string, seq: number): void {
    const hash = this.#hashOf(id);
    this.#put(hash, seq);
    this.#undo.orElse(() => this.#take(hash, seq));
  }

  remove(id: string, seq: number): void {
    const hash = this.#hashOf(id);
    this.#take(hash, seq);
    this.#undo.orElse(() => this.#put(hash, seq));
  }

  #put(hash: number, seq: number): void {
    if (this.#count >= this.#seqs.length * fullest) this.#grow();
    let at = this.#home(hash);
    while (this.#seqs[at] !== 0) at = this.#after(at);
    this.#set(at, hash, seq);
    this.#count++;
  }

  #take(hash: number, seq: number): void {
    let gap = this.#home(hash);
    while (this.#seqs[gap] !== seq) {
      if (this.#seqs[gap] === 0) return;
      gap = this.#after(gap);
    }
    const mask = this.#seqs.length - 1;
    // Those behind move up, unless that were before their home, where nobody would look for them.
    for (let at = this.#after(gap); this.#seqs[at] !== 0; at = this.#after(at)) {
      const next = this.#hashes[at] as number;
      if (((at - this.#home(next)) & mask) < ((at - gap) & mask)) continue;
      this.#set(gap, next, this.#seqs[at] as number);
      gap = at;
    }
    this.#seqs[gap] = 0;
    this.#count--;
  }

  #grow(): void {
    const [hashes, seqs] = [this.#hashes, this.#seqs];
    this.#hashes = new Int32Array(seqs.length * 2);
    this.#seqs = new Float64Array(seqs.length * 2);
    this.#count = 0;
    for (let at = 0; at < seqs.length; at++) {
      if (seqs[at] !== 0) this.#put(hashes[at] as number, seqs[at] as number);
    }
  }

  #set(at: number, hash: number, seq: number): void {
    this.#hashes[at] = hash;
    this.#seqs[at] = seq;
  }

  #home(hash: number): number {
    return hash & (this.#seqs.length - 1);
  }

  #after(at: number): number {
    return (at + 1) & (this.#seqs.length - 1);
  }

  /** FNV-1a, then mixed so that the low bits depend on all. */
  #hashOf(id: string): number {
    let hash = this.#seed;
    for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }
}
