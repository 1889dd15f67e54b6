// Where the lines of a program that logs every request go: gathered in memory and written together by Node's threads, so that neither
// a system call a line nor a reader that takes its time holds a request up. What nobody reads is lost and counted, not kept for ever.
import type { Clock, Timer } from './clock.ts';

/** An open file. */
export interface Output {
  write(
    bytes: Buffer,
    from: number,
    to: number,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void;
  /** Returns how much was taken. Throws what is wrong. */
  writeSync(bytes: Buffer, from: number, to: number): number;
}

/** Most that waits, twice: what is being written, and what comes meanwhile. Only what is used of it takes memory. */
const CAPACITY_BYTES = 1024 * 1024;
const WRITE_BYTES = 32 * 1024;
/** How long a line may wait for others to be written with it. */
const LONGEST_HOLD_MS = 100;
const RETRY_MS = 100;
/** Of UTF-8, for each unit of a text. */
const MOST_BYTES_A_UNIT = 3;

export class LogOutput {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #lostLine: (count: number) => string;
  #filling = Buffer.allocUnsafeSlow(CAPACITY_BYTES);
  #filled = 0;
  #writing = Buffer.allocUnsafeSlow(CAPACITY_BYTES);
  #isWriting = false;
  #hold: Timer | undefined;
  #lost = 0;

  /** `lostLine` says in the log that so many lines are missing there. */
  constructor(output: Output, clock: Clock, lostLine: (count: number) => string) {
    this.#output = output;
    this.#clock = clock;
    this.#lostLine = lostLine;
  }

  /** A line with its end. */
  write(line: string): void {
    if (this.#lost > 0 && this.#hasRoomFor(line.length + 1024)) {
      const missing = this.#lostLine(this.#lost);
      this.#lost = 0;
      this.#append(missing);
    }
    if (this.#hasRoomFor(line.length)) this.#append(line);
    else this.#lost++;
  }

  /** All that has not been given to the system yet; for the end of the program. */
  flushSync(): void {
    const end = this.#filled;
    this.#filled = 0;
    try {
      for (let from = 0; from < end; ) from += this.#output.writeSync(this.#filling, from, end);
    } catch {
      // Nobody reads any more, and there is nobody to tell.
    }
  }

  #hasRoomFor(units: number): boolean {
    return this.#filled + units * MOST_BYTES_A_UNIT <= CAPACITY_BYTES;
  }

  #append(line: string): void {
    this.#filled += this.#filling.write(line, this.#filled, 'utf8');
    if (this.#filled >= WRITE_BYTES) this.#writeOut();
    else this.#hold ??= this.#clock.after(LONGEST_HOLD_MS, () => this.#writeOut());
  }

  #writeOut(): void {
    this.#hold?.cancel();
    this.#hold = undefined;
    if (this.#isWriting || this.#filled === 0) return;
    const bytes = this.#filling;
    this.#filling = this.#writing;
    this.#writing = bytes;
    const end = this.#filled;
    this.#filled = 0;
    this.#isWriting = true;
    this.#pass(0, end);
  }

  #pass(from: number, end: number): void {
    this.#output.write(this.#writing, from, end, (error, written) => {
      if (error?.code === 'EAGAIN') this.#clock.after(RETRY_MS, () => this.#pass(from, end));
      else if (error === null && from + written < end) this.#pass(from + written, end);
      else {
        this.#isWriting = false;
        if (this.#filled > 0)
          this.#hold ??= this.#clock.after(this.#filled >= WRITE_BYTES ? 0 : LONGEST_HOLD_MS, () => this.#writeOut());
      }
    });
  }
}
