// Room on the disk that content may not take: requests, answers, pieces of streams. On a disk that is full to the last page
// nothing could be finished, canceled or removed any more, for all of that writes too: the queue could never empty itself.
import { statfsSync } from 'node:fs';
import type { DiskSpace } from '../limits.ts';
import { StoreError } from '../store.ts';
import type { Database } from './database.ts';

/** What the log (4 MiB and the largest commit) and the steps that free something may need. */
const MOST_RESERVED_BYTES = 8 * 1024 * 1024;
/** Of a small volume. */
const MOST_RESERVED_SHARE = 0.5;
/** What accepted work brings may take a part of the reserve: it must not wait for work that is not there yet. */
const SHARE_OF_RESULTS = 0.5;
/** Content is written twice: to the log, then to the file. */
const COPIES = 2;
/** What a record and its places in the indexes take beside its content. */
const RECORD_BYTES = 1024;
/** The disk is asked once for so much content: each asking costs as much as a small step. */
const LOOK_EVERY_BYTES = 1024 * 1024;

export class Room {
  readonly #database: Database;
  readonly #spaceOf: (path: string) => DiskSpace;
  #freeBytes = 0;
  #reservedBytes = 0;
  /** Content that may be taken before the disk is asked again. */
  #unasked = 0;

  constructor(database: Database, spaceOf: (path: string) => DiskSpace = askDisk) {
    this.#database = database;
    this.#spaceOf = spaceOf;
  }

  /** Throws where a new request with so much content would not leave enough. */
  takeForWork(contentBytes: number): void {
    this.#take(contentBytes, 1);
  }

  /** The same for an answer, or pieces of a stream. */
  takeForResult(contentBytes: number): void {
    this.#take(contentBytes, SHARE_OF_RESULTS);
  }

  #take(contentBytes: number, shareKept: number): void {
    const bytes = contentBytes + RECORD_BYTES;
    if (bytes > this.#unasked) this.#look();
    const needed = bytes * COPIES;
    const kept = this.#reservedBytes * shareKept;
    if (this.#freeBytes - needed < kept) {
      this.#unasked = 0;
      const figures = `${this.#freeBytes} bytes free, ${kept} of them kept to finish and remove what is there`;
      throw new StoreError(`the store file ${this.#database.path} cannot grow: the disk is nearly full (${figures})`);
    }
    this.#freeBytes -= needed;
    this.#unasked -= bytes;
  }

  /** Pages that are free inside the file count: it need not grow for those. */
  #look(): void {
    const { freeBytes, totalBytes } = this.#spaceOf(this.#database.path);
    this.#freeBytes = freeBytes + this.#database.freeBytesInside();
    this.#reservedBytes = Math.min(MOST_RESERVED_BYTES, totalBytes * MOST_RESERVED_SHARE);
    this.#unasked = LOOK_EVERY_BYTES;
  }
}

function askDisk(path: string): DiskSpace {
  const { bavail, blocks, bsize } = statfsSync(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
