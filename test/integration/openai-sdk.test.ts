// The OpenAI SDK against a deployment, unchanged but for its base URL: plain, streaming, leaving mid-stream, errors.
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';
import { wordsFor } from '../../dev/model-server/text.ts';
import { type SidecarProgram, startSidecarProgram } from '../support/sidecar-program.ts';

let model: ModelServer;
let sidecar: SidecarProgram;
let client: OpenAI;
beforeAll(async () => {
  model = await startModelServer({ tokenMs: 2 });
  sidecar = await startSidecarProgram({ upstream: model.url });
  client = new OpenAI({ apiKey: 'a-key', baseURL: `${sidecar.url}/echo/v1`, maxRetries: 0 });
});
beforeEach(() => model.counters.reset());
afterAll(async () => {
  await sidecar?.stop();
  await model?.close();
});

const messages = [{ role: 'user' as const, content: 'hello' }];
const words = wordsFor('"hello"', 20);

test('a chat completion', async () => {
  const answer = await client.chat.completions.create({ model: 'any', messages, max_tokens: 20 });
  expect(answer.choices[0]?.message.content).toBe(words.join(''));
  expect(answer.usage?.completion_tokens).toBe(20);
});

test('a streamed chat completion, with usage at the end', async () => {
  const stream = await client.chat.completions.create({
    model: 'any',
    messages,
    max_tokens: 20,
    stream: true,
    stream_options: { include_usage: true },
  });
  const pieces: string[] = [];
  let completionTokens: number | undefined;
  for await (const chunk of stream) {
    const content = chunk.choices[0]?.delta.content;
    if (content) pieces.push(content);
    completionTokens = chunk.usage?.completion_tokens ?? completionTokens;
  }
  expect(pieces).toEqual(words);
  expect(completionTokens).toBe(20);
});

test('leaving mid-stream ends the work in the container', async () => {
  const stream = await client.chat.completions.create(
    { model: 'any', messages, max_tokens: 1000, stream: true },
    { query: { 'hang-after': '5' } },
  );
  let seen = 0;
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) seen += 1;
    if (seen === 5) break;
  }
  const { aborted } = await model.when((stats) => stats.aborted.length === 1);
  expect(aborted[0]?.path).toBe('/v1/chat/completions');
  await model.when((stats) => stats.inFlight === 0);
});

test('abort() before the answer ends the work in the container, and the slot is free for the next', async () => {
  const leaving = new AbortController();
  const call = client.chat.completions.create(
    { model: 'any', messages, max_tokens: 20 },
    { signal: leaving.signal, query: { 'hang-after': '3' } },
  );
  await model.when((stats) => stats.inFlight === 1);
  leaving.abort();
  await expect(call).rejects.toThrow(OpenAI.APIUserAbortError);
  await model.when((stats) => stats.aborted.length === 1 && stats.inFlight === 0);
  const next = await client.chat.completions.create({ model: 'any', messages, max_tokens: 20 });
  expect(next.choices[0]?.message.content).toBe(words.join(''));
});

test("the container's errors arrive as the SDK's error classes", async () => {
  const refused = client.chat.completions.create({ model: 'any', messages, max_tokens: -1 });
  await expect(refused).rejects.toThrow(OpenAI.BadRequestError);
  const unprocessable = client.completions.create({ model: 'any', prompt: 'x' }, { query: { status: '422' } });
  await expect(unprocessable).rejects.toThrow(OpenAI.UnprocessableEntityError);
});

test('models and images', async () => {
  const ids = (await client.models.list()).data.map((card) => card.id);
  expect(ids).toEqual(['echo']);
  const images = await client.images.generate({ model: 'any', prompt: 'a sea', response_format: 'b64_json' });
  expect(
    Buffer.from(images.data?.[0]?.b64_json ?? '', 'base64')
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');
});
