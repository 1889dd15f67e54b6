// Where an event stream stands, and how a recorded event gets its number.
import { expect, test } from 'vitest';
import { withEventId } from '../../sidecar/prefer/event-id.ts';
import { EventStreamPosition, isEventStream } from '../../sidecar/upstream/event-stream.ts';

test.each([
  [[], true],
  [['data: a\n\n'], true],
  [['data: a\r\n\r\n'], true],
  [['data: a\r\r'], true],
  [['data: a\n'], false],
  [['data: a'], false],
  [['data: a\n', '\n'], true],
  [['data: a\r\n', '\r', '\n'], true],
  [['data: a\n\n', 'data: b'], false],
  [['data: a\r\n'], false],
  [['x', '\n', '\n'], true],
] as const)('after %j a stream stands between two events: %s', (chunks, isBetween) => {
  const position = new EventStreamPosition();
  for (const chunk of chunks) position.passed(Buffer.from(chunk));
  expect(position.isBetweenEvents).toBe(isBetween);
});

test.each([
  ['text/event-stream', true],
  ['Text/Event-Stream; charset=utf-8', true],
  ['application/json', false],
])('Content-Type %s is an event stream: %s', (type, isStream) => {
  expect(isEventStream(['Content-Type', type])).toBe(isStream);
});

test.each([
  ['data: a\n\n', 'data: a\nid: 7\n\n'],
  ['data: a\r\n\r\n', 'data: a\r\nid: 7\r\n\r\n'],
  ['data: a\r\r', 'data: a\rid: 7\r\r'],
  ['id: theirs\ndata: a\n\n', 'id: theirs\ndata: a\nid: 7\n\n'],
  ['data: cut off', 'data: cut off'],
  ['data: cut off\n', 'data: cut off\n'],
])('%j gets its number as %j', (event, expected) => {
  expect(Buffer.from(withEventId(Buffer.from(event), 7)).toString()).toBe(expected);
});
