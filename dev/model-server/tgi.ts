// /generate and /generate_stream as Text Generation Inference and the Whisper tutorial have them. TGI's events start with
// "data:" and no space: a client that cuts five characters works only with that form.
import { type Exchange, readJson, sendJson, write } from './exchange.ts';
import { generate as produce } from './generate.ts';

function question(body: Record<string, unknown>) {
  const parameters = (body.parameters ?? {}) as { max_new_tokens?: unknown };
  const count = Number(parameters.max_new_tokens ?? body.max_tokens ?? 16);
  const prompt = String(body.inputs ?? body.prompt ?? body.url ?? '');
  return { prompt, count: Number.isInteger(count) && count > 0 ? Math.min(count, 100_000) : 16 };
}

export async function generate(exchange: Exchange): Promise<void> {
  const { prompt, count } = question(await readJson(exchange.request));
  let text = '';
  for await (const word of produce(exchange, prompt, count)) text += word;
  sendJson(exchange.response, 200, { generated_text: text });
}

export async function generateStream(exchange: Exchange): Promise<void> {
  const { prompt, count } = question(await readJson(exchange.request));
  exchange.response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  exchange.response.flushHeaders();
  let text = '';
  let index = 0;
  for await (const word of produce(exchange, prompt, count)) {
    text += word;
    index += 1;
    const token = { id: index, text: word, logprob: 0, special: false };
    const last = index === count ? text : null;
    await write(exchange, `data:${JSON.stringify({ index, token, generated_text: last, details: null })}\n\n`);
  }
  exchange.response.end();
}
