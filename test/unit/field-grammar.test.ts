// Header fields are read by their grammar: lists, quoted strings, weights, case, media types. Each value here was once taken by how it looks.
import { describe, expect, test } from 'vitest';
import { bearerToken } from '../../runtime/fields/bearer.ts';
import { splitList, tokenList } from '../../runtime/fields/list.ts';
import { isJsonType, mediaTypeOf, namedWeight } from '../../runtime/fields/media-type.ts';
import { isEventStream } from '../../sidecar/upstream/event-stream.ts';
import { isPlain } from '../../sidecar/upstream/headers.ts';

test.each([
  ['a, b', ['a', 'b']],
  [' ,a,, b ,', ['a', 'b']],
  ['a="x,y", b', ['a="x,y"', 'b']],
  ['a="x\\",y", b', ['a="x\\",y"', 'b']],
  ['a="\\', ['a="\\']],
  ['', []],
  ['\xa0', ['\xa0']],
])('the list %j has the elements %j', (value, elements) => {
  expect(splitList(value)).toEqual(elements);
});

test('a list of tokens has no case, and what is no token is left out', () => {
  expect(tokenList('Keep-Alive, "quoted", X-A , a b')).toEqual(['keep-alive', 'x-a']);
});

describe('Content-Type', () => {
  test.each([
    ['text/event-stream', true],
    ['Text/Event-Stream; charset=utf-8', true],
    [' text/event-stream ;charset=utf-8', true],
    ['TEXT/EVENT-STREAM;', true],
    ['text/event-streams', false],
    ['text/event-stream+json', false],
    ['text/event-stream, text/html', false],
    ['application/json', false],
    ['multipart/mixed; boundary="text/event-stream"', false],
    ['application/json; x="; text/event-stream"', false],
    ['', false],
  ])('%j is an event stream: %s', (type, isStream) => {
    expect(isEventStream(['Content-Type', type])).toBe(isStream);
  });

  test.each([
    ['application/json', true],
    ['Application/JSON; charset=utf-8', true],
    ['application/problem+json', true],
    ['application/json+x', false],
    ['application/jsonl', false],
    ['text/html; note="application/json"', false],
    ['application/json/x', false],
  ])('%j is JSON: %s', (type, isJson) => {
    expect(isJsonType(mediaTypeOf(type))).toBe(isJson);
  });
});

test.each([
  ['text/event-stream', 1],
  ['TEXT/Event-Stream', 1],
  ['application/json, text/event-stream;q=0.5', 0.5],
  ['text/event-stream ; charset=utf-8 ; Q=0.25', 0.25],
  ['text/event-stream;q=0', 0],
  ['text/event-stream;q=0.000', 0],
  ['text/event-stream;q=2', 0],
  ['text/event-stream;q="1"', 0],
  ['text/event-streams', 0],
  ['*/*', 0],
  ['text/*', 0],
  ['application/json; profile="text/event-stream"', 0],
  ['application/json; profile=", text/event-stream"', 0],
  [undefined, 0],
])('Accept: %s gives text/event-stream the weight %d', (accept, weight) => {
  expect(namedWeight(accept, 'text/event-stream')).toBe(weight);
});

test.each([
  [[], true],
  [['Content-Encoding', 'identity'], true],
  [['content-encoding', 'Identity, identity'], true],
  [['Content-Encoding', ''], true],
  [['Content-Encoding', 'gzip'], false],
  [['Content-Encoding', 'identity', 'Content-Encoding', 'BR'], false],
])('with %j the bytes are those of the text: %s', (lines, expected) => {
  expect(isPlain(lines)).toBe(expected);
});

test.each([
  ['Bearer abc', 'abc'],
  ['bEARER   abc ', 'abc'],
  ['Bearer', undefined],
  ['Bearer a b', undefined],
  ['Basic abc', undefined],
  ['XBearer abc', undefined],
  [undefined, undefined],
])('Authorization: %s has the token %s', (value, token) => {
  expect(bearerToken(value)).toBe(token);
});
