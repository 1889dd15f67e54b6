// HTTP as the demo's client speaks it: plain fetch, with the times at which things arrived.
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly tookMs: number;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

export async function ask(url: string, question: Question = {}): Promise<Answer> {
  const startedAtMs = performance.now();
  const response = await send(url, question);
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body, tookMs: performance.now() - startedAtMs };
}

export interface Arrival {
  readonly text: string;
  readonly atMs: number;
}

/** The data of each server-sent event as it arrives; times count from the request. */
export async function* askForEvents(url: string, question: Question): AsyncGenerator<Arrival> {
  const startedAtMs = performance.now();
  const response = await send(url, { ...question, headers: { Accept: 'text/event-stream', ...question.headers } });
  if (!response.ok || response.body === null) throw new Error(`${response.status}: ${await response.text()}`);
  let rest = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + piece).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      if (event.startsWith('data: ')) yield { text: event.slice(6), atMs: performance.now() - startedAtMs };
    }
  }
}

function send(url: string, { method, headers, json }: Question): Promise<Response> {
  return fetch(url, {
    method: method ?? (json === undefined ? 'GET' : 'POST'),
    headers: { ...(json !== undefined && { 'Content-Type': 'application/json' }), ...headers },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
}

export const story = (maxTokens: number, more: object = {}) => ({
  prompt: 'Write a long story about a robot learning to paint.',
  max_tokens: maxTokens,
  ...more,
});
