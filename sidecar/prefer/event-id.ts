// Gives an event of a recorded stream its number, so that a client can say where it left off. Pure.

const LF = 10;
const CR = 13;

/**
 * The event with an `id` line before the blank line that ends it, in the event's own kind of line end. Last, because the
 * last `id` counts and the container may have written its own. An event without its blank line stays as it is.
 */
export function withEventId(event: Uint8Array, id: number): Uint8Array {
  const end = lineEndOf(event);
  if (end === '') return event;
  const cut = event.length - end.length;
  return Buffer.concat([event.subarray(0, cut), Buffer.from(`id: ${id}${end}${end}`)]);
}

/** The line end that makes the event's blank line; empty where there is none. */
function lineEndOf(event: Uint8Array): string {
  const last = event.at(-1);
  if (last === LF) return event.at(-2) === CR && event.at(-3) === LF ? '\r\n' : event.at(-2) === LF ? '\n' : '';
  return last === CR && event.at(-2) === CR ? '\r' : '';
}
