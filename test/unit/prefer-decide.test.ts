// The table of modes of the contract, row by row.
import { expect, test } from 'vitest';
import { decideMode } from '../../sidecar/prefer/decide.ts';

test.each([
  [undefined, 'sync', undefined, 0],
  ['', 'sync', undefined, 0],
  ['handling=lenient', 'sync', undefined, 0],
  ['wait=10', 'sync', undefined, 0],
  ['respond-async', 'async', [], 0],
  ['RESPOND-ASYNC', 'async', [], 0],
  ['respond-async; foo=bar', 'async', [], 0],
  ['respond-async=""', 'async', [], 0],
  ['respond-async=yes', 'sync', undefined, 0],
  ['respond-async-proxy', 'proxy', ['respond-async'], 0],
  ['respond-async-container', 'container', ['respond-async'], 0],
  ['respond-async-container, wait=5', 'container', ['respond-async'], 0],
  ['respond-async, wait=5', 'async', [], 5],
  ['wait=5, respond-async', 'async', [], 5],
  ['respond-async, wait=9999', 'async', [], 300],
  ['respond-async, wait=-1', 'async', [], 0],
  ['respond-async, wait=soon', 'async', [], 0],
  ['respond-async-proxy, respond-async', 'proxy', ['respond-async'], 0],
  ['respond-async, respond-async-container', 'async', [], 0],
  ['respond-async, handling=strict; a="b, c", x', 'async', ['handling=strict; a="b, c", x'], 0],
  ['respond-async-container, handling=strict', 'container', ['respond-async', 'handling=strict'], 0],
  ['bad@token, respond-async', 'async', [], 0],
] as const)('Prefer: %j is served as %s, and %j travels on, waiting %i s', (prefer, mode, forwarded, waitSeconds) => {
  expect(decideMode(prefer)).toMatchObject({ mode, waitSeconds });
  expect(decideMode(prefer).forwarded).toEqual(forwarded);
});

test('names of object properties are no modes', () => {
  expect(decideMode('constructor, __proto__, toString').mode).toBe('sync');
});
