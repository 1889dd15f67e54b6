// Gives a stored response to a client: its first piece with the head, the others each read from the store when the client has taken
// the one before. However large it is, and however slowly it is read, a reader holds one piece of it.
import { type Exchange, leavesContentOut } from '../ingress/exchange.ts';
import type { Queue, QueuedResult } from '../queue/queue.ts';
import { replayed } from './replayed.ts';

type Answered = Extract<QueuedResult, { kind: 'answered' }>;

/** Resolves when all of it is written, or the client is gone. */
export async function sendStored(
  exchange: Exchange,
  queue: Queue,
  { response, rest }: Answered,
  lines: readonly string[],
): Promise<void> {
  const { status, headers, body } = response;
  const isTheirs = rest === null && leavesContentOut(exchange.request.method, status, body);
  const all = [...replayed(headers, isTheirs), 'Cache-Control', 'no-store', ...lines];
  if (rest === null) {
    exchange.answer(status, all, body);
    return;
  }
  if (!exchange.answerBegins(status, all, body, body.byteLength + rest.end - rest.at)) return;
  try {
    for (let { at } = rest; at < rest.end && exchange.request.method !== 'HEAD'; ) {
      await exchange.drained();
      if (exchange.hasClientLeft) return;
      const piece = await queue.readRest({ ...rest, at });
      // It was removed, and its beginning is all that the client has.
      if (piece === null) return exchange.breakOff();
      exchange.writeMore(piece);
      at += piece.byteLength;
    }
    exchange.response.end();
  } catch {
    // The store went away. The head has been sent, so the end has to be an abnormal one.
    exchange.breakOff();
  }
}
