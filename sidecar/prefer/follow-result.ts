// GET /result with `Accept: text/event-stream`: the container's own event stream as it is produced, from the beginning or
// after `Last-Event-ID`, from any replica, as often as wanted. Each event carries its number as `id`.
import type { Clock } from '../../runtime/clock.ts';
import type { Exchange } from '../ingress/exchange.ts';
import { problemBody } from '../ingress/problem.ts';
import type { Queue, QueuedStatus } from '../queue/queue.ts';
import type { StreamChunk, StreamStart } from '../store/store.ts';
import { StoreError } from '../store/store.ts';
import { EventStreamPosition } from '../upstream/event-stream.ts';
import { isPlain } from '../upstream/headers.ts';
import { withEventId } from './event-id.ts';
import { failureOf } from './failure-of.ts';
import { writeComments } from './keep-alive.ts';
import { replayed } from './replayed.ts';

const CHUNKS_AT_ONCE = 256;
/** The container died in the middle and another try streams from the beginning. */
const RESTART = Buffer.from('event: restart\ndata: {}\n\n');

/** False when there is no stream, and none will come: nothing was answered. Rejects only before the head is written. */
export async function followResult(exchange: Exchange, queue: Queue, clock: Clock): Promise<boolean> {
  const { clientGone } = exchange;
  const reader = new StreamReader(exchange, queue);
  const watch = queue.watch(exchange.id, 'stream');
  const stopComments = writeComments(clock, exchange.response, () => reader.mayComment);
  try {
    while (!clientGone.aborted) {
      // The status first: what was appended before it said `done` is read after it.
      const status = await watch.status();
      const end = await reader.readOn(clientGone);
      if (end === 'open' && status !== null && status.state !== 'done') {
        await watch.changed(clientGone);
        continue;
      }
      if (!reader.hasBegun) return false;
      // Once more: it may have ended, and how, since the look above.
      reader.finish(end, await queue.status(exchange.id));
      return true;
    }
  } catch (error) {
    if (!reader.hasBegun || !(error instanceof StoreError)) throw error;
    // The store went away under an open stream: the client comes back with `Last-Event-ID`.
    exchange.breakOff();
  } finally {
    stopComments();
    watch.close();
  }
  return true;
}

/** `open`: no more for now. `gone`: what was recorded, and in part passed on, is there no more. */
type StreamEnd = 'open' | 'ended' | 'gone';

class StreamReader {
  readonly #exchange: Exchange;
  readonly #queue: Queue;
  readonly #place = new EventStreamPosition();
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

  /** A comment would stand between two events. */
  get mayComment(): boolean {
    return this.hasBegun && this.#isPlainText && this.#place.isBetweenEvents;
  }

  /** Passes on what there is, at the client's pace. */
  async readOn(signal: AbortSignal): Promise<StreamEnd> {
    while (!signal.aborted) {
      const read = await this.#queue.readStream(this.#exchange.id, this.#position, CHUNKS_AT_ONCE);
      // A repeated try drops what the one before streamed, and need not stream itself.
      if (read.kind === 'not_found' || read.start === null) return this.hasBegun ? 'gone' : 'open';
      if (!this.hasBegun) this.#begin(read.start);
      for (const chunk of read.chunks) await this.#pass(chunk);
      if (read.chunks.length === 0) return read.isEnded ? 'ended' : 'open';
    }
    return 'ended';
  }

  #begin({ status, headers }: StreamStart): void {
    this.hasBegun = true;
    this.#isPlainText = isPlain(headers);
    this.#exchange.beginEvents(status, replayed(headers));
  }

  async #pass({ sequence, bytes }: StreamChunk): Promise<void> {
    const { response } = this.#exchange;
    // Within one try numbers have no gaps, and a repeated one begins after a gap: what the client has is void.
    if (this.#position > 0 && sequence > this.#position + 1) this.#restart();
    this.#position = sequence;
    this.#place.passed(bytes);
    const hasRoom = response.write(Buffer.from(this.#isPlainText ? withEventId(bytes, sequence) : bytes));
    if (!hasRoom) await new Promise<void>((resolve) => response.onceDrained(resolve));
  }

  /** Without an `id`, so that a client which resumes after it misses nothing. */
  #restart(): void {
    if (this.#isPlainText && this.#place.isBetweenEvents) this.#exchange.response.write(RESTART);
    // Half an event, or compressed bytes, cannot be taken back: whoever comes again gets the whole of the new try.
    else throw new Error('the stream began anew in the middle of an event');
  }

  finish(end: StreamEnd, status: QueuedStatus | null): void {
    const { response, id } = this.#exchange;
    const isWhole = end !== 'gone' && status?.error == null;
    if (isWhole) response.end();
    else if (end === 'gone' || status === null || !this.#isPlainText || !this.#place.isBetweenEvents) {
      this.#exchange.breakOff();
    } else response.end(Buffer.from(`event: error\ndata: ${problemBody(failureOf(status), id)}\n\n`));
  }
}
