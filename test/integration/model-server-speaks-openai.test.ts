// The sample model server's answers: what they are, that they are the same each time, and that streams come in time.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';
import { wordsFor } from '../../dev/model-server/text.ts';

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer({ tokenMs: 0, model: 'tiny' });
});
afterAll(() => server.close());

const post = (path: string, body: object) =>
  fetch(server.url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });

test('a completion is the same bytes each time, with as many tokens as asked for', async () => {
  const question = { prompt: 'the same', max_tokens: 7 };
  const [first, second] = [await post('/v1/completions', question), await post('/v1/completions', question)];
  const text = await first.text();
  expect(await second.text()).toBe(text);
  const answer = JSON.parse(text);
  expect(answer.choices[0].text).toBe(wordsFor('the same', 7).join(''));
  expect(answer.usage).toEqual({ prompt_tokens: 2, completion_tokens: 7, total_tokens: 9 });
  expect(await (await post('/v1/completions', { prompt: 'another', max_tokens: 7 })).text()).not.toBe(text);
});

test('a stream carries the same text as the plain answer and ends with [DONE]', async () => {
  const question = { messages: [{ role: 'user', content: 'hello' }], max_tokens: 5 };
  const whole = JSON.parse(await (await post('/v1/chat/completions', question)).text());
  const response = await post('/v1/chat/completions', { ...question, stream: true });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events = (await response.text()).trim().split('\n\n');
  expect(events.at(-1)).toBe('data: [DONE]');
  const pieces = events.slice(0, -1).map((event) => JSON.parse(event.slice(6)).choices[0]);
  expect(pieces.map((piece) => piece.delta.content ?? '').join('')).toBe(whole.choices[0].message.content);
  expect(pieces.at(-1).finish_reason).toBe('length');
});

test('tokens leave one by one while the rest is not yet made', async () => {
  const response = await post('/v1/completions?hang-after=3', { prompt: 'slow', max_tokens: 50, stream: true });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  while (seen.split('data: ').length - 1 < 3) seen += (await reader.read()).value ?? '';
  expect(server.stats().inFlight).toBe(1);
  await reader.cancel();
  await server.when((stats) => stats.inFlight === 0);
});

test('models are listed and a wrong body is a 400 that names the field', async () => {
  const models = JSON.parse(await (await fetch(`${server.url}/v1/models`)).text());
  expect(models.data.map((model: { id: string }) => model.id)).toEqual(['tiny']);
  const refused = await post('/v1/completions', { prompt: 'x', max_tokens: -1 });
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain('max_tokens');
});

test('an image is a PNG and the same each time', async () => {
  const [first, second] = await Promise.all(
    ['?prompt=sea', '?prompt=sea'].map(async (query) =>
      Buffer.from(await (await fetch(`${server.url}/image${query}`)).bytes()),
    ),
  );
  expect(first!.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  expect(first!.equals(second!)).toBe(true);
});
