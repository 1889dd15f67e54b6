// Event streams cut into whole events, however the bytes arrive; together they are the stream, byte for byte.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventSplitter } from '../../sidecar/queue/event-splitter.ts';

function split(...parts: readonly (string | Buffer)[]): readonly string[] {
  const splitter = new EventSplitter();
  const events = parts.flatMap((part) => splitter.push(Buffer.from(part)));
  return [...events, ...splitter.end()].map((event) => event.toString('latin1'));
}

it.each([
  ['LF', 'data: a\n\ndata: b\n\n', ['data: a\n\n', 'data: b\n\n']],
  ['CR LF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['data: a\r\n\r\n', 'data: b\r\n\r\n']],
  ['CR', 'data: a\r\rdata: b\r\r', ['data: a\r\r', 'data: b\r\r']],
  ['mixed', 'data: a\r\n\ndata: b\n\r\n', ['data: a\r\n\n', 'data: b\n\r\n']],
  ['several lines', 'event: x\ndata: 1\ndata: 2\n\n', ['event: x\ndata: 1\ndata: 2\n\n']],
  ['an unfinished end', 'data: a\n\ndata: b\n', ['data: a\n\n', 'data: b\n']],
  ['nothing', '', []],
])('%s', (_, stream, events) => {
  expect(split(stream)).toEqual(events);
  expect(split(...stream)).toEqual(events);
});

it('loses and changes no byte, wherever the stream is cut', () => {
  const piece = fc.constantFrom('data: x', '\n', '\r', '\r\n', '\n\n', ': c', 'é');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat({ max: 60 })), (pieces, cuts) => {
      const stream = Buffer.from(pieces.join(''));
      const at = [...new Set(cuts)].sort((a, b) => a - b).filter((cut) => cut < stream.length);
      const parts = [0, ...at].map((from, i) => stream.subarray(from, at[i] ?? stream.length));
      const inParts = split(...parts);
      expect(inParts.join('')).toBe(stream.toString('latin1'));
      expect(inParts).toEqual(split(stream));
    }),
  );
});
