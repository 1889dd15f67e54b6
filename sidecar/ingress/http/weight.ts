// What heads and connections take in memory, for the budget: an upper bound, told from what is known without looking closer.
// Measured with 10,000 connections and 3,000 waiting requests.

/** A connection without a request: socket, parser and what is kept of it, in V8's heap and beside it. */
export const CONNECTION_BYTES = 8 * 1024;

/** A request with its answer, its place in line and its way to the container, but for its lines. */
const REQUEST_BYTES = 3 * 1024;
/** A name or a value beside its characters: a string, and its places in lists and in the headers by name. */
const TEXT_BYTES = 72;

/** Bytes of a request's head for as long as it is being answered. Its characters count twice: as they came, and on their way on. */
export function headBytes(url: string, lines: readonly string[]): number {
  let characters = url.length;
  for (const text of lines) characters += text.length;
  return REQUEST_BYTES + 2 * characters + TEXT_BYTES * lines.length;
}

/** Bytes of the part of a head that has come: `texts` names and values among so many bytes. */
export function unfinishedHeadBytes(bytes: number, texts: number): number {
  return bytes + TEXT_BYTES * texts;
}
