// Callers of an InferenceDeployment through its Service, in all modes and without a pause, as long as a test disturbs its pods: who was
// answered, and who was not, in words. They try nothing twice, so each request has a connection of its own: one that is kept may close
// in the moment in which a busy machine sends on it, which every client has to bear (test/integration/drain.test.ts is about those).
import { setTimeout as pause } from 'node:timers/promises';

export interface Tally {
  readonly sync: number;
  readonly stream: number;
  readonly async: number;
  readonly failures: readonly string[];
}

export interface ServiceLoad {
  /** Answered so far. */
  readonly now: () => Tally;
  /** No newcomers; resolves when everyone who came is answered, or was not. */
  readonly stop: () => Promise<Tally>;
}

const PATIENCE_MS = 120_000;

export function startServiceLoad(url: string, name: string): ServiceLoad {
  const counts = { sync: 0, stream: 0, async: 0 };
  const failures: string[] = [];
  let isOver = false;
  const modes = { sync: () => sync(url, name), stream: () => stream(url, name), async: () => asynchronous(url, name) };
  const lane = async (mode: keyof typeof modes) => {
    while (!isOver) {
      try {
        await modes[mode]();
        counts[mode]++;
      } catch (error) {
        failures.push(`${mode}: ${wordsOf(error)}`);
      }
    }
  };
  const lanes = Promise.all((['sync', 'sync', 'stream', 'stream', 'async', 'async'] as const).map(lane));
  const now = () => ({ ...counts, failures: [...failures] });
  return {
    now,
    stop: async () => {
      isOver = true;
      await lanes;
      return now();
    },
  };
}

const generate = (url: string, name: string, isStream: boolean, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${url}/${name}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify({ model: 'echo', prompt: 'hello', max_tokens: 20, stream: isStream }),
  });

async function sync(url: string, name: string): Promise<void> {
  const answer = await generate(url, name, false);
  isAsExpected(answer.status === 200, await answer.text());
}

async function stream(url: string, name: string): Promise<void> {
  const text = await (await generate(url, name, true)).text();
  isAsExpected(text.trimEnd().endsWith('data: [DONE]'), text);
}

async function asynchronous(url: string, name: string): Promise<void> {
  const accepted = await generate(url, name, false, { prefer: 'respond-async' });
  const { Id } = (await accepted.json()) as { readonly Id: string };
  isAsExpected(accepted.status === 202, Id);
  const about = { headers: { 'x-inference-id': Id, connection: 'close' } };
  for (const endMs = performance.now() + PATIENCE_MS; ; await pause(100)) {
    const text = await (await fetch(`${url}/status/${name}`, about)).text();
    if ((JSON.parse(text) as { readonly Status: string }).Status === 'Completed') break;
    isAsExpected(performance.now() < endMs, `not completed: ${text}`);
  }
  const result = await fetch(`${url}/result/${name}`, about);
  isAsExpected(result.status === 200, await result.text());
}

function isAsExpected(isSo: boolean, text: string): void {
  if (!isSo) throw new Error(`answered ${text.slice(-300)}`);
}

function wordsOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
