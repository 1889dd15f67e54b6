// The OpenAI API: /v1/models, /v1/completions, /v1/chat/completions, as JSON or as an event stream. Ids and times are
// fixed, so that two answers to the same request are equal byte for byte. Any model name is accepted.
import { BadRequest, type Exchange, readJson, sendJson, write } from './exchange.ts';
import { generate } from './generate.ts';
import { countTokens, fingerprint } from './text.ts';

const createdAt = 1_700_000_000;

interface Question {
  readonly kind: 'completion' | 'chat';
  readonly id: string;
  readonly model: string;
  readonly prompt: string;
  readonly maxTokens: number;
  readonly finishReason: 'length' | 'stop';
  readonly wantsStream: boolean;
  readonly wantsUsage: boolean;
}

export function listModels({ model, response }: Exchange): void {
  const card = { id: model.settings.model, object: 'model', created: createdAt, owned_by: 'inference-operator' };
  sendJson(response, 200, { object: 'list', data: [card] });
}

export const completions = (exchange: Exchange) => answer(exchange, 'completion');
export const chatCompletions = (exchange: Exchange) => answer(exchange, 'chat');

async function answer(exchange: Exchange, kind: Question['kind']): Promise<void> {
  const question = readQuestion(await readJson(exchange.request), kind, exchange.model.settings.model);
  await (question.wantsStream ? stream(exchange, question) : complete(exchange, question));
}

async function complete(exchange: Exchange, question: Question): Promise<void> {
  let text = '';
  for await (const word of generate(exchange, question.prompt, question.maxTokens)) text += word;
  const content = question.kind === 'chat' ? { message: { role: 'assistant', content: text } } : { text };
  sendJson(exchange.response, 200, {
    ...head(question, question.kind === 'chat' ? 'chat.completion' : 'text_completion'),
    choices: [{ index: 0, ...content, logprobs: null, finish_reason: question.finishReason }],
    usage: usage(question),
  });
}

async function stream(exchange: Exchange, question: Question): Promise<void> {
  const object = question.kind === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  const event = (choices: unknown[], extra: object = {}) =>
    write(exchange, `data: ${JSON.stringify({ ...head(question, object), choices, ...extra })}\n\n`);
  const choice = (content: object, finishReason: string | null) => [
    { index: 0, ...content, logprobs: null, finish_reason: finishReason },
  ];
  exchange.response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache' });
  exchange.response.flushHeaders();
  let produced = 0;
  if (question.kind === 'chat') await event(choice({ delta: { role: 'assistant', content: '' } }, null));
  for await (const word of generate(exchange, question.prompt, question.maxTokens)) {
    produced += 1;
    if (question.kind === 'chat') await event(choice({ delta: { content: word } }, null));
    else await event(choice({ text: word }, produced === question.maxTokens ? question.finishReason : null));
  }
  if (question.kind === 'chat') await event(choice({ delta: {} }, question.finishReason));
  if (question.wantsUsage) await event([], { usage: usage(question) });
  exchange.response.end('data: [DONE]\n\n');
}

function head(question: Question, object: string) {
  return { id: question.id, object, created: createdAt, model: question.model };
}

function usage(question: Question) {
  const promptTokens = countTokens(question.prompt);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: question.maxTokens,
    total_tokens: promptTokens + question.maxTokens,
  };
}

function readQuestion(body: Record<string, unknown>, kind: Question['kind'], defaultModel: string): Question {
  const prompt = kind === 'chat' ? chatPrompt(body.messages) : textPrompt(body.prompt);
  const asked = body.max_completion_tokens ?? body.max_tokens ?? null;
  if (asked !== null && !(Number.isInteger(asked) && (asked as number) >= 1 && (asked as number) <= 100_000)) {
    throw new BadRequest('max_tokens must be a whole number from 1 to 100000');
  }
  const options = body.stream_options as { include_usage?: unknown } | null | undefined;
  return {
    kind,
    id: `${kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${fingerprint(prompt).toString(16).padStart(8, '0')}`,
    model: typeof body.model === 'string' ? body.model : defaultModel,
    prompt,
    maxTokens: asked === null ? 16 : (asked as number),
    finishReason: asked === null ? 'stop' : 'length',
    wantsStream: body.stream === true,
    wantsUsage: options?.include_usage === true,
  };
}

function textPrompt(prompt: unknown): string {
  if (typeof prompt === 'string') return prompt;
  if (Array.isArray(prompt) && prompt.length === 1 && typeof prompt[0] === 'string') return prompt[0];
  throw new BadRequest('prompt must be a string');
}

function chatPrompt(messages: unknown): string {
  if (!Array.isArray(messages) || messages.length === 0) throw new BadRequest('messages must be a list of messages');
  return messages
    .map((message: { role?: unknown; content?: unknown }) => JSON.stringify(message?.content ?? ''))
    .join('\n');
}
