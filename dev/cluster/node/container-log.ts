// What one run of a container has written, line by line with times, for `kubectl logs`. Kept in memory and bounded, as the kubelet
// rotates its files. Reading by options is read-log.ts.
import { EventEmitter } from 'node:events';

export type LogLine = { readonly at: string; readonly text: string };

const maxBytes = 10 * 1024 * 1024;

export class ContainerLog {
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #rest = { stdout: '', stderr: '' };
  #lines: LogLine[] = [];
  #bytes = 0;
  #dropped = 0;
  #isClosed = false;

  write(stream: 'stdout' | 'stderr', chunk: string): void {
    const parts = (this.#rest[stream] + chunk).split('\n');
    this.#rest[stream] = parts.pop() ?? '';
    for (const text of parts) this.#add(text);
    if (parts.length > 0) this.#events.emit('more');
  }

  close(): void {
    if (this.#isClosed) return;
    for (const stream of ['stdout', 'stderr'] as const) if (this.#rest[stream]) this.#add(this.#rest[stream]);
    this.#isClosed = true;
    this.#events.emit('more');
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Lines from this serial number on, and the number to ask for next. */
  from(serial: number): { readonly lines: readonly LogLine[]; readonly next: number } {
    const lines = this.#lines.slice(Math.max(0, serial - this.#dropped));
    return { lines, next: this.#dropped + this.#lines.length };
  }

  /** The last lines, each with its end. */
  tail(mostLines: number, mostBytes: number): string {
    const text = this.#lines.slice(-mostLines).map((line) => `${line.text}\n`);
    return Buffer.from(text.join('')).subarray(-mostBytes).toString('utf8');
  }

  /** Calls back once when there is more or the log is closed; answers how to call it off. */
  onMore(callback: () => void): () => void {
    this.#events.once('more', callback);
    return () => this.#events.off('more', callback);
  }

  #add(text: string): void {
    this.#lines.push({ at: stamp(), text });
    this.#bytes += text.length;
    while (this.#bytes > maxBytes && this.#lines.length > 1) {
      this.#bytes -= this.#lines.shift()?.text.length ?? 0;
      this.#dropped += 1;
    }
  }
}

const stamp = (): string => new Date().toISOString().replace('Z', '000000Z');
