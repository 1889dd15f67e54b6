// What the traffic port adds to the head of an answer: how the body is framed, whether the connection is kept, the date.
import { expect, test } from 'vitest';
import { AnswerHeads } from '../../sidecar/ingress/http/answer-head.ts';
import { ManualClock } from '../support/manual-clock.ts';

const facts = { status: 200, reason: 'OK', lines: ['X-A', '1'], isBodiless: false, isModern: true, keepsAlive: true };
const length = ['Content-Length', '2'];

test.each([
  [
    'no length',
    {},
    'chunked',
    true,
    ['Transfer-Encoding: chunked', 'Connection: keep-alive', 'Keep-Alive: timeout=65'],
  ],
  ['a length', { lines: length }, 'length', true, ['Content-Length: 2', 'Connection: keep-alive']],
  ['a connection that ends', { keepsAlive: false }, 'chunked', false, ['Connection: close']],
  ['no body', { isBodiless: true }, 'none', true, ['Connection: keep-alive']],
  ['HTTP/1.0 and no length', { isModern: false }, 'close', false, ['Connection: close']],
  ['HTTP/1.0 and a length', { isModern: false, lines: length }, 'length', true, ['Connection: keep-alive']],
  ['trailers announced', { lines: ['Trailer', 'X-T'] }, 'chunked', true, ['Trailer: X-T']],
] as const)('%s', (_, changes, framing, keepsAlive, expected) => {
  const head = new AnswerHeads(new ManualClock(), 65_000).write({ ...facts, ...changes });
  expect([head.framing, head.keepsAlive]).toEqual([framing, keepsAlive]);
  expect(head.text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
  expect(head.text.split('\r\n')).toEqual(expect.arrayContaining([...expected]));
  expect(head.text.includes('Transfer-Encoding')).toBe(framing === 'chunked');
});

test('trailers are not announced where none can come', () => {
  const lines = ['trailer', 'X-T', ...length];
  expect(new AnswerHeads(new ManualClock(), 65_000).write({ ...facts, lines }).text).not.toMatch(/trailer/i);
});

test('the date is that of the moment, and the container’s own where it sends one', () => {
  const clock = new ManualClock();
  const heads = new AnswerHeads(clock, 65_000);
  const dateOf = (lines: readonly string[]) => heads.write({ ...facts, lines }).text.match(/\r\ndate: [^\r]*/gi);
  const now = () => [`\r\nDate: ${new Date(clock.nowMs()).toUTCString()}`];
  expect(dateOf([])).toEqual(now());
  clock.advance(1_000);
  expect(dateOf([])).toEqual(now());
  expect(dateOf(['DATE', 'its own'])).toEqual(['\r\nDATE: its own']);
});

test.each(['a\r\nb: c', 'a\nb', 'a\0', '\u0100'])(
  'a value like %j is refused: it could begin another line',
  (value) => {
    const heads = new AnswerHeads(new ManualClock(), 65_000);
    expect(() => heads.write({ ...facts, lines: ['X', value] })).toThrow('not allowed');
    expect(() => heads.write({ ...facts, reason: value })).toThrow('not allowed');
  },
);
