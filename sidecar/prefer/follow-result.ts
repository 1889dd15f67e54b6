// GET /result with `Accept: text/event-stream`: the container's own event stream as it is produced, from the beginning or
// after `Last-Event-ID`, from any replica, as often as wanted. Each event carries its number as `id`.
import { once } from 'node:events';
import type { Exchange } from '../ingress/exchange.ts';
import { problem, problemBody } from '../ingress/problem.ts';
import type { Queue } from '../queue/queue.ts';
import type { StreamChunk, StreamStart } from '../store/store.ts';
import { headerOf } from '../upstream/headers.ts';
import { withEventId } from './event-id.ts';
import { looksAt } from './looks.ts';
import { replayed } from './replayed.ts';

const CHUNKS_AT_ONCE = 256;
const LONGEST_WAIT_MS = 15_000;

/** False when there is no stream, and none will come: nothing was answered. Rejects only before the head is written. */
export async function followResult(exchange: Exchange, queue: Queue): Promise<boolean> {
  const leaving = new AbortController();
  exchange.onClientGone = () => leaving.abort();
  const reader = new StreamReader(exchange, queue);
  try {
    for await (const _ of looksAt(queue, exchange.id, LONGEST_WAIT_MS, leaving.signal)) {
      // The status first: what was appended before it said `done` is read after it.
      const status = await queue.status(exchange.id);
      const isEnded = await reader.readOn(leaving.signal);
      if (isEnded || status === null || status.state === 'done') return reader.finish(status?.error ?? null);
    }
  } catch (error) {
    if (!reader.hasBegun) throw error;
    // The store went away under an open stream: the client comes back with `Last-Event-ID`.
    exchange.breakOff();
  }
  return true;
}

class StreamReader {
  readonly #exchange: Exchange;
  readonly #queue: Queue;
  /** Number of the last event that the client has. */
  #position: number;
  hasBegun = false;
  #isPlainText = true;

  constructor(exchange: Exchange, queue: Queue) {
    this.#exchange = exchange;
    this.#queue = queue;
    const lastEventId = exchange.request.headers['last-event-id'];
    this.#position = typeof lastEventId === 'string' && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : 0;
  }

  /** Passes on what there is, at the client's pace. True when the stream has ended. */
  async readOn(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const read = await this.#queue.readStream(this.#exchange.id, this.#position, CHUNKS_AT_ONCE);
      if (read.kind === 'not_found' || read.start === null) return false;
      if (!this.hasBegun) this.#begin(read.start);
      for (const chunk of read.chunks) await this.#pass(chunk);
      if (read.chunks.length === 0) return read.isEnded;
    }
    return true;
  }

  #begin({ status, headers }: StreamStart): void {
    this.hasBegun = true;
    this.#isPlainText = headerOf(headers, 'content-encoding') === undefined;
    this.#exchange.beginEvents(status, replayed(headers));
  }

  async #pass({ sequence, bytes }: StreamChunk): Promise<void> {
    const { response } = this.#exchange;
    this.#position = sequence;
    const isFlushed = response.write(this.#isPlainText ? withEventId(bytes, sequence) : bytes);
    if (!isFlushed && !response.destroyed) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }

  /** True: the answer is complete. False: there was no stream. */
  finish(error: string | null): boolean {
    if (!this.hasBegun) return false;
    const { response, id } = this.#exchange;
    if (error === null || !this.#isPlainText) response.end();
    else response.end(`event: error\ndata: ${problemBody(problem('upstream_reset', error), id)}\n\n`);
    return true;
  }
}
