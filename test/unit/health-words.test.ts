// The contract's health rules, answer by answer.
import { expect, test } from 'vitest';
import { judgeAnswer } from '../../sidecar/upstream/health-words.ts';

const answered = (status: number, body: string, lines: readonly string[] = [], isCut = false) =>
  judgeAnswer({ status, lines, body, isCut });

test.each([
  ['', 'healthy'],
  ['\uFEFF{"status":"unhealthy"}', 'unhealthy'],
  ['all is well', 'healthy'],
  ['{"status": "ok"', 'healthy'],
  ['{}', 'healthy'],
  ['[]', 'healthy'],
  ['null', 'healthy'],
  ['"busy"', 'healthy'],
  ['{"model":"loaded"}', 'healthy'],
  ...['ok', 'ready', 'healthy', 'running', 'up', 'READY', 'Running', ' ok '].map((word) => [
    `{"status":"${word}"}`,
    'healthy',
  ]),
  ['{"status":"busy"}', 'busy'],
  ['{"status":"BUSY"}', 'busy'],
  ...['unhealthy', 'STARTING', 'SETUP_FAILED', 'DEFUNCT', 'shutting_down', ''].map((word) => [
    `{"status":"${word}"}`,
    'unhealthy',
  ]),
  ['{"status":1}', 'unhealthy'],
  ['{"status":null}', 'unhealthy'],
])('200 with %j is %s', (body, health) => {
  expect(answered(200, body!).kind).toBe(health);
});

test.each([204, 301, 401, 404, 429, 500, 503])('%i is unhealthy whatever it says', (status) => {
  expect(answered(status, '{"status":"ok"}').kind).toBe('unhealthy');
});

test.each([
  [404, 'not found', 'answered 404'],
  [503, '{"status":"Loading"}', 'answered 503 with status "loading"'],
  [200, '{"status":"busy"}', 'answered 200 with status "busy"'],
])('%i %s, in words', (status, body, words) => {
  expect(answered(status, body).message).toBe(words);
});

const json = ['Content-Type', 'application/json'];

test.each<[string, readonly string[], string, boolean, string]>([
  [
    'is gzipped',
    ['Content-Encoding', 'gzip'],
    'ok',
    false,
    'answered 200 in Content-Encoding gzip, which was not asked for',
  ],
  ['is cut off', [...json], '', true, 'answered 200 with application/json that is too long to be read'],
  [
    'is no JSON, but says so',
    ['content-type', 'Application/JSON; charset=utf-16'],
    '{\0"',
    false,
    'answered 200 with application/json that cannot be read',
  ],
  [
    'is no JSON of its kind',
    ['Content-Type', 'application/health+json'],
    '{"status": "ok"',
    false,
    'answered 200 with application/health+json that cannot be read',
  ],
])('200 that %s is not ready, and says why', (_, lines, body, isCut, message) => {
  expect(answered(200, body, lines, isCut)).toEqual({ kind: 'unhealthy', message });
});

test.each<[string, readonly string[], string, boolean]>([
  ['coded as it was asked for', ['Content-Encoding', 'Identity'], 'ok', false],
  ['long, and no JSON', ['Content-Type', 'text/html'], '', true],
  ['nothing at all', json, '', false],
  ['JSON without a word', json, 'null', false],
  ['of a type that only looks like JSON', ['Content-Type', 'text/html; a="application/json"'], '{', false],
])('200 with %s is healthy', (_, lines, body, isCut) => {
  expect(answered(200, body, lines, isCut).kind).toBe('healthy');
});
