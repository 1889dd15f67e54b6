// A Replicate Cog container: /predictions, and the one trait that a platform must know: on exactly "Prefer: respond-async"
// it answers 202 at once, works on, and reports only to the webhook named in the body.
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Exchange, readJson, sendJson } from './exchange.ts';
import { wordsFor } from './text.ts';

export function wantsCogAsync({ request }: Pick<Exchange, 'request'>): boolean {
  return request.headers.prefer === 'respond-async';
}

export async function predictions(exchange: Exchange): Promise<void> {
  const body = await readJson(exchange.request);
  const input = (body.input ?? body) as { prompt?: unknown; seconds?: unknown };
  const output = wordsFor(String(input.prompt ?? ''), 16).join('');
  const workMs = Number(input.seconds ?? 0) * 1000;
  const id = typeof body.id === 'string' ? body.id : randomUUID();
  if (wantsCogAsync(exchange)) {
    sendJson(exchange.response, 202, { id, status: 'starting' });
    await delay(workMs);
    if (typeof body.webhook === 'string') await report(body.webhook, { id, status: 'succeeded', output });
    return;
  }
  await delay(workMs, undefined, { signal: exchange.gone });
  sendJson(exchange.response, 200, { id, status: 'succeeded', output });
}

async function report(url: string, value: unknown): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const outgoing = httpRequest(url, { method: 'POST', headers: { 'Content-Type': 'application/json' } }, (answer) => {
    answer.resume();
    answer.on('close', resolve);
  });
  outgoing.on('error', (error) => {
    process.stderr.write(`webhook ${url}: ${error.message}\n`);
    resolve();
  });
  outgoing.end(JSON.stringify(value));
  await promise;
}
