// Event streams cut into whole events, however the bytes arrive; together they are the stream, byte for byte.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventSplitter, LONG_EVENT_BYTES } from '../../sidecar/queue/event-splitter.ts';

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

/** What the parts of an event of this size take, in ms: the least of three tries. */
function costOf(eventBytes: number): number {
  const tries = Array.from({ length: 3 }, () => {
    const splitter = new EventSplitter();
    const fromMs = performance.now();
    for (let sent = 0; sent < eventBytes; sent += 16_384) splitter.push(Buffer.alloc(16_384, 'x'));
    splitter.push(Buffer.from('\n\n'));
    return performance.now() - fromMs;
  });
  return Math.min(...tries);
}

it('a long event costs as much for each byte as a short one', () => {
  const [short, long] = [costOf(1024 * 1024), costOf(16 * 1024 * 1024)];
  expect(long / short).toBeLessThan(60);
});

it('a very long event comes in pieces, of which the last ends with the whole blank line', () => {
  const lines = fc.constantFrom('\n', '\r', '\r\n');
  fc.assert(
    fc.property(lines, fc.integer({ min: -4, max: 4 }), (end, more) => {
      const event = `data: ${'x'.repeat(LONG_EVENT_BYTES - 6 + more)}${end}${end}`;
      const splitter = new EventSplitter();
      const pieces: string[] = [];
      for (let at = 0; at < event.length; at += 16_384) {
        pieces.push(...splitter.push(Buffer.from(event.slice(at, at + 16_384))).map(String));
      }
      pieces.push(...splitter.end().map(String));
      expect(pieces.join('') === event).toBe(true);
      expect(pieces.at(-1)?.endsWith(`${end}${end}`)).toBe(true);
    }),
  );
});
