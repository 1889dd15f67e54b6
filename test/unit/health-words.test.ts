// The contract's health rules, answer by answer.
import { expect, test } from 'vitest';
import { answerInWords, healthOf } from '../../sidecar/upstream/health-words.ts';

test.each([
  ['', 'healthy'],
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
  expect(healthOf(200, body!)).toBe(health);
});

test.each([204, 301, 401, 404, 429, 500, 503])('%i is unhealthy whatever it says', (status) => {
  expect(healthOf(status, '{"status":"ok"}')).toBe('unhealthy');
});

test.each([
  [404, 'not found', 'answered 404'],
  [503, '{"status":"Loading"}', 'answered 503 with status "loading"'],
  [200, '{"status":"busy"}', 'answered 200 with status "busy"'],
])('%i %s, in words', (status, body, words) => {
  expect(answerInWords(status, body)).toBe(words);
});
