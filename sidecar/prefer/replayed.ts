// Header lines of a stored response when it is given out: one URL serves every id, so what the container said of caching
// is left out, and its length is written anew where it has content. Pure.
import type { RawHeaders } from '../store/record.ts';

/** `keepsLength`: what the container said of the length of a content that is left out. */
export function replayed(headers: RawHeaders, keepsLength = false): string[] {
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase();
    if (name === 'cache-control' || (name === 'content-length' && !keepsLength)) continue;
    lines.push(headers[i]!, headers[i + 1]!);
  }
  return lines;
}
