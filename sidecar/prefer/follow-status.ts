// GET /status with `Accept: text/event-stream`: the status document again at each change, until the request is done.
import type { Exchange } from '../ingress/exchange.ts';
import type { Queue } from '../queue/queue.ts';
import { looksAt } from './looks.ts';
import { statusDocument } from './status-document.ts';

/** Silence after which a comment shows intermediaries that the connection lives. */
const KEEP_ALIVE_MS = 15_000;

/** False when there is no such request: nothing was answered. Rejects only before the head is written. */
export async function followStatus(exchange: Exchange, queue: Queue): Promise<boolean> {
  const leaving = new AbortController();
  exchange.onClientGone(() => leaving.abort());
  const { response } = exchange;
  let shown = '';
  try {
    for await (const _ of looksAt(queue, exchange.id, KEEP_ALIVE_MS, leaving.signal)) {
      const status = await queue.status(exchange.id);
      if (status === null && shown === '') return false;
      if (shown === '') exchange.beginEvents(200, ['Content-Type', 'text/event-stream']);
      if (status === null) break;
      const document = JSON.stringify(statusDocument(status));
      response.write(Buffer.from(document === shown ? ': still\n\n' : `event: status\ndata: ${document}\n\n`));
      shown = document;
      if (status.state === 'done') break;
    }
  } catch (error) {
    if (shown === '') throw error;
    // The store went away under an open stream: the client comes back and is told by then.
    exchange.breakOff();
    return true;
  }
  response.end();
  return true;
}
