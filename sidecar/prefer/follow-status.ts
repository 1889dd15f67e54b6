// GET /status with `Accept: text/event-stream`: the status document again at each change, until the request is done.
import type { Clock } from '../../runtime/clock.ts';
import type { Exchange } from '../ingress/exchange.ts';
import type { Queue } from '../queue/queue.ts';
import { StoreError } from '../store/store.ts';
import { writeComments } from './keep-alive.ts';
import { statusDocument } from './status-document.ts';

/** False when there is no such request: nothing was answered. Rejects only before the head is written. */
export async function followStatus(exchange: Exchange, queue: Queue, clock: Clock): Promise<boolean> {
  const { response, clientGone } = exchange;
  const watch = queue.watch(exchange.id, 'status');
  let stopComments: (() => void) | undefined;
  let shown = '';
  try {
    while (!clientGone.aborted) {
      const status = await watch.status();
      if (status === null && shown === '') return false;
      if (status === null || exchange.hasClientLeft) break;
      if (shown === '') {
        exchange.beginEvents(200, ['Content-Type', 'text/event-stream']);
        stopComments = writeComments(clock, response, () => true);
      }
      const document = JSON.stringify(statusDocument(status));
      const hasRoom = document === shown || response.write(Buffer.from(`event: status\ndata: ${document}\n\n`));
      shown = document;
      if (status.state === 'done') break;
      // A client that reads slowly is told of the latest change only.
      if (!hasRoom) await new Promise<void>((resolve) => response.onceDrained(resolve));
      await watch.changed(clientGone);
    }
  } catch (error) {
    if (shown === '' || !(error instanceof StoreError)) throw error;
    // The store went away under an open stream: the client comes back and is told by then.
    exchange.breakOff();
    return true;
  } finally {
    stopComments?.();
    watch.close();
  }
  response.end();
  return true;
}
